/* Status codes: what every adele function that can fail returns.

   Zero is success.  A function that returns non-zero has recorded one error
   in the context (err_deck, err_run) or, below core/, in its caller's
   struct fault; nobody prints on the way up. */

#ifndef ADELE_STATUS_H
#define ADELE_STATUS_H

enum adele_status {
    ADELE_OK = 0,
    ADELE_EDECK = 1,      /* the deck is wrong; exit status 1 */
    ADELE_ERUN = 2,       /* the run failed; exit status 2 */
    ADELE_EINTERRUPT = 3, /* stopped by a signal; exit status 130 or 143 */
    ADELE_EQUIT = 4       /* `quit`: not an error, unwinds the input stack */
};

#endif
