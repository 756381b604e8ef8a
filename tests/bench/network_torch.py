"""Seconds of PyTorch for the published network: the shortest of several times.

Usage: network_torch.py infer|train LENGTH THREADS
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
        layers.append(torch.nn.ReLU())
net = torch.nn.Sequential(*layers)
x = torch.randn(length * length, width[0])
dy = torch.randn(length * length, 1)
best = 1e300
for _ in range(5 if length > 100 else 15):
    begin = time.perf_counter()
    if what == "train":
        net.zero_grad()
        net(x).backward(dy)
    else:
        with torch.no_grad():
            net(x)
    best = min(best, time.perf_counter() - begin)
print(best)
