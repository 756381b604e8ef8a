"""Seconds of PyTorch for the published network: the shortest of many times.

Usage: network_torch.py infer|onednn|train LENGTH THREADS SECONDS

The fastest ordinary form: ReLU in place, inference mode, gradients set to
None.  onednn: inference with tensors and weights in oneDNN's own layout.
"""
import sys
import time

import torch

what, length, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
width = [45, 512, 256, 64, 16, 1]
layers = []
for l in range(5):
    layers.append(torch.nn.Linear(width[l], width[l + 1]))
    if l < 4:
        layers.append(torch.nn.ReLU(inplace=True))
net = torch.nn.Sequential(*layers)
x = torch.randn(length * length, width[0])
dy = torch.randn(length * length, 1)
if what == "onednn":
    from torch.utils import mkldnn

    net = mkldnn.to_mkldnn(net.eval())
    x = x.to_mkldnn()
best = 1e300
end = time.perf_counter() + float(sys.argv[4])
while time.perf_counter() < end:
    begin = time.perf_counter()
    if what == "train":
        net.zero_grad(set_to_none=True)
        net(x).backward(dy)
    else:
        with torch.inference_mode():
            net(x)
    best = min(best, time.perf_counter() - begin)
print(best)
