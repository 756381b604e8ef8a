/* LAMMPS commands that have no place in adele, and what to write instead. */

#include <string.h>

#include "input/control.h"

static const char atoms[] = "`lattice square 40 40` makes the lattice and its "
                            "sites";
static const char bonded[] = "the couplings of a lattice model stand in "
                             "`model holstein t 1.0 g 3.5 k 1.0 ..`";
static const char pairs[] = "the parameters stand in `model ..` and in "
                            "`pair_style STYLE ..` itself";
static const char neighbours[] = "neighbours on a lattice are fixed; leave the "
                                 "line out";
static const char data[] = "use `read_dump FILE STEP q`, `read_restart FILE`";
static const char several[] = "loop over a variable in the deck, or start "
                              "several programs";
static const char nothing[] = "leave the line out";

static const struct {
    const char *name, *advice;
} table[] = {
    {"units", "energies are in units of the hopping, lengths of the lattice "
              "constant, k_B = hbar = 1; leave the line out"},
    {"dimension", "the lattice style decides: chain, square, triangular, "
                  "honeycomb, cubic; leave the line out"},
    {"atom_style", "a site has what the model gives it (`model holstein ..`); "
                   "leave the line out"},
    {"atom_modify", nothing},
    {"create_box", atoms},
    {"create_atoms", atoms},
    {"change_box", atoms},
    {"replicate", atoms},
    {"mass", "the mass is a parameter of the model: `model holstein .. mass "
             "1.0`"},
    {"pair_coeff", pairs},
    {"pair_modify", pairs},
    {"pair_write", pairs},
    {"bond_style", bonded},
    {"bond_coeff", bonded},
    {"bond_write", bonded},
    {"angle_style", bonded},
    {"angle_coeff", bonded},
    {"dihedral_style", bonded},
    {"dihedral_coeff", bonded},
    {"improper_style", bonded},
    {"improper_coeff", bonded},
    {"special_bonds", bonded},
    {"create_bonds", bonded},
    {"kspace_style", "the electrons carry no long-range force; choose how they "
                     "are solved with `pair_style ed`"},
    {"kspace_modify", nothing},
    {"dielectric", nothing},
    {"neighbor", neighbours},
    {"neigh_modify", neighbours},
    {"newton", neighbours},
    {"comm_modify", neighbours},
    {"comm_style", neighbours},
    {"balance", neighbours},
    {"molecule", nothing},
    {"labelmap", nothing},
    {"box", nothing},
    {"delete_bonds", bonded},
    {"delete_atoms", "every site of a lattice exists; `fix hold GROUP freeze` "
                     "holds sites, `set GROUP onsite V` raises their energy"},
    {"displace_atoms", "use `displace all uniform -1.0 1.0 4711`"},
    {"reset_atoms", nothing},
    {"read_data", data},
    {"write_data", "use `write_restart FILE` or `write_dump all custom FILE id "
                   "q vq`"},
    {"write_coeff", nothing},
    {"min_style", "`minimize etol ftol maxiter maxeval` has one method, "
                  "conjugate gradients (LAMMPS's cg); leave the line out"},
    {"min_modify", nothing},
    {"run_style", "fixes integrate: `fix move all nve`; leave the line out"},
    {"compute_modify", "give the option to the compute itself"},
    {"suffix", "use the option -suffix on the command line"},
    {"package", "use the option -threads N on the command line"},
    {"partition", several},
    {"temper", several},
    {"neb", several},
    {"prd", several},
    {"tad", several},
    {"python", "adele has no embedded Python; `shell python3 script.py` runs "
               "one"},
    {"geturl", "use `shell curl -O URL`"},
};

const char *lammps_advice(const char *command)
{
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (!strcmp(table[k].name, command))
            return table[k].advice;
    return NULL;
}
