"""Values and derivatives of networks of vectors with eight copies of each channel,
by PyTorch (1.13), in double precision: makes net_vector.yaml in this folder, which
tests/unit/test_net_vector.c compares the group convolutions with.

    python3 net_vector.py

The layers are written as they act, not as matrices: copy a of a channel is the
plain layer on the field turned back by a [Cohen2016],

    h1[i, o, a] = tanh(b1[o] + sum P1[k, l, o] (a^T u(i + a k))_l)
    h2[i, o, a] = tanh(b2[o] + sum P2[k, c, h, o] h1[i + a k, c, a h])
    y[i]        = sum P3[c, l] a e_l h2[i, c, a]             (vector)
                  b3 + sum P3[c] h2[i, c, a]                 (scalar)

with k the 3 x 3 cells, a and h operations of the square.  Parameters are P1, b1, P2, b2,
P3 (and b3), flat.  L = sum of dy * y; grad, dx its derivatives; ydot = (dy/du) xdot;
bent = derivative of sum of dydot * ydot by the parameters."""

import os
import numpy as np
import torch

torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = (5, 4)
WIDTH = 2
CELLS = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)]
TURN = [np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), k)
        for k in range(4)]
OPS = TURN + [r @ np.array([[1, 0], [0, -1]]) for r in TURN]


def find(op):
    return next(k for k, o in enumerate(OPS) if (o == op).all())


def at(field, cell):
    """field[y, x, ..] read at i + cell."""
    return torch.roll(field, (-int(cell[1]), -int(cell[0])), (0, 1))


def network(param, u, vector):
    parts, first = [], 0
    for shape in ((9, 2, WIDTH), (WIDTH,), (9, WIDTH, 8, WIDTH), (WIDTH,),
                  (WIDTH, 2) if vector else (WIDTH,), (0,) if vector else (1,)):
        n = int(np.prod(shape))
        parts.append(param[first:first + n].reshape(shape))
        first += n
    p1, b1, p2, b2, p3, b3 = parts
    assert first == len(param)
    u = u.reshape(SIZE[1], SIZE[0], 2)
    h1, h2 = [], []
    for a in OPS:
        z = b1
        for k, cell in enumerate(CELLS):
            z = z + at(u, a @ np.array(cell)) @ torch.tensor(a * 1.0) @ p1[k]
        h1.append(torch.tanh(z))
    for a in OPS:
        z = b2
        for k, cell in enumerate(CELLS):
            for h, op in enumerate(OPS):
                z = z + at(h1[find(a @ op)], a @ np.array(cell)) @ p2[k, :, h]
        h2.append(torch.tanh(z))
    y = 0
    for a, h in zip(OPS, h2):
        y = y + (h @ p3 @ torch.tensor(a.T * 1.0) if vector else h @ p3)
    return y.reshape(-1, 2) if vector else (y + b3).reshape(-1, 1)


def flat(values):
    return "[" + ", ".join(repr(float(v)) for v in values.reshape(-1)) + "]"


def write(out, name, vector, seed):
    draw = np.random.default_rng(seed)
    sites, n_out = SIZE[0] * SIZE[1], 2 if vector else 1
    nparam = (18 + 1 + 72 * WIDTH + 1) * WIDTH + (2 * WIDTH if vector
                                                  else WIDTH + 1)

    def normal(*shape):
        return torch.tensor(np.round(draw.normal(size=shape), 3))

    param = (0.25 * normal(nparam)).requires_grad_()
    x = normal(sites, 2).requires_grad_()
    dy, dydot = normal(sites, n_out), normal(sites, n_out)
    xdot = normal(sites, 2)
    y = network(param, x, vector)
    grad, dx = torch.autograd.grad((dy * y).sum(), (param, x))
    ydot = torch.autograd.functional.jvp(
        lambda v: network(param, v, vector), x, xdot, create_graph=True)[1]
    bent, = torch.autograd.grad((dydot * ydot).sum(), param)
    print(name + ":", file=out)
    for key, value in (("param", param), ("x", x), ("dy", dy), ("y", y),
                       ("grad", grad), ("dx", dx), ("xdot", xdot),
                       ("ydot", ydot), ("dydot", dydot), ("bent", bent)):
        print("  " + key + ":", flat(value.detach().numpy()), file=out)


with open(os.path.join(HERE, "net_vector.yaml"), "w") as out:
    print("# Made by net_vector.py, PyTorch", torch.__version__, file=out)
    print("size: [%d, %d]\nwidth: %d" % (*SIZE, WIDTH), file=out)
    print("cells: [" + ", ".join("[%d, %d]" % c for c in CELLS) + "]", file=out)
    print("ops: [" + ", ".join("[%d, %d, %d, %d]" % tuple(o.flat)
                               for o in OPS) + "]", file=out)
    write(out, "vector", True, 1)
    write(out, "scalar", False, 2)
