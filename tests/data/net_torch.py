"""Values and derivatives of two small networks by PyTorch (1.13), in double
precision: makes net_mlp.yaml and net_conv.yaml in this folder, which
tests/unit/test_net_torch.c compares the engine with.

    python3 net_torch.py

Arrays are flat, rows in site order (x fastest), parameters as src/ml/net.h
says: for each layer W [slot][in][out], then the bias.  L = sum of
dy * y; grad, dx its derivatives; ydot = (dy/dx) xdot; bent = derivative of
sum of dydot * ydot by the parameters."""

import os
import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))
FUNCTION = {"linear": lambda z: z, "relu": torch.relu, "silu": F.silu,
            "tanh": torch.tanh, "sigmoid": torch.sigmoid}
SQUARE = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)]
ORBIT = {0: 0, 1: 1, 2: 2}  # |offset|^2: slot


def kernel(layer, w):
    """[out][in][3][3] of the weights [slot][in][out]."""
    slots = []
    for x, y in SQUARE:
        if layer["slots"] == 9:
            slots.append(w[SQUARE.index((x, y))])
        else:
            slots.append(w[ORBIT[x * x + y * y]])
    return torch.stack(slots).permute(2, 1, 0).reshape(
        layer["out"], layer["in"], 3, 3)


def network(layers, size, param, x):
    """y [site][out] of x [site][in]."""
    inputs, at = [], 0
    h = x
    for layer in layers:
        inputs.append(h)
        n_in, n_out, slots = layer["in"], layer["out"], layer["slots"]
        n = slots * n_in * n_out
        w = param[at:at + n].reshape(slots, n_in, n_out)
        b = param[at + n:at + n + n_out]
        at += n + n_out
        if slots == 1:
            z = h @ w[0] + b
        else:
            image = h.T.reshape(1, n_in, size[1], size[0])
            image = F.pad(image, (1, 1, 1, 1), mode="circular")
            z = F.conv2d(image, kernel(layer, w), b)
            z = z.reshape(n_out, -1).T
        h = FUNCTION[layer["activation"]](z)
        if layer["add"] >= 0:
            h = h + inputs[layer["add"]]
    assert at == len(param)
    return h


def flat(values):
    return "[" + ", ".join(repr(float(v)) for v in values.reshape(-1)) + "]"


def write(name, layers, size, seed):
    draw = np.random.default_rng(seed)
    nparam = sum((l["slots"] * l["in"] + 1) * l["out"] for l in layers)
    sites, n_in, n_out = size[0] * size[1], layers[0]["in"], layers[-1]["out"]

    def normal(*shape):
        return torch.tensor(np.round(draw.normal(size=shape), 3))

    param = (0.5 * normal(nparam)).requires_grad_()
    x = normal(sites, n_in).requires_grad_()
    dy, dydot = normal(sites, n_out), normal(sites, n_out)
    xdot = normal(sites, n_in)
    y = network(layers, size, param, x)
    grad, dx = torch.autograd.grad((dy * y).sum(), (param, x))

    def along(p):
        return torch.autograd.functional.jvp(
            lambda v: network(layers, size, p, v), x, xdot, create_graph=True)

    ydot = along(param)[1]
    bent, = torch.autograd.grad((dydot * ydot).sum(), param)
    with open(os.path.join(HERE, name), "w") as out:
        print("# Made by net_torch.py, PyTorch", torch.__version__, file=out)
        print("size: [%d, %d]" % size, file=out)
        print("layers:", file=out)
        for l in layers:
            print("  - {in: %d, out: %d, slots: %d, activation: %s, add: %d}"
                  % (l["in"], l["out"], l["slots"], l["activation"],
                     l["add"]), file=out)
        for key, value in (("param", param), ("x", x), ("dy", dy), ("y", y),
                           ("grad", grad), ("dx", dx), ("xdot", xdot),
                           ("ydot", ydot), ("dydot", dydot), ("bent", bent)):
            print(key + ":", flat(value.detach().numpy()), file=out)


def layer(n_in, n_out, slots, activation, add=-1):
    return {"in": n_in, "out": n_out, "slots": slots,
            "activation": activation, "add": add}


write("net_mlp.yaml",
      [layer(4, 6, 1, "silu"), layer(6, 5, 1, "relu"), layer(5, 5, 1, "tanh", 2),
       layer(5, 2, 1, "sigmoid")], (3, 2), 1)
write("net_conv.yaml",
      [layer(2, 4, 9, "silu"), layer(4, 4, 3, "tanh", 1), layer(4, 3, 9, "relu"),
       layer(3, 1, 1, "linear")], (4, 3), 2)
