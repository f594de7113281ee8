"""Listens at an IPv6 address and port with a queue that is full: whoever connects gets no answer."""
import select
import signal
import socket
import sys

address = (sys.argv[1], int(sys.argv[2]))
listener = socket.socket(socket.AF_INET6)
listener.bind(address)
listener.listen(0)
fillers = []
for _ in range(4):
    filler = socket.socket(socket.AF_INET6)
    filler.setblocking(False)
    filler.connect_ex(address)
    fillers.append(filler)
    select.select([], [filler], [], 0.1)  # those that fit into the queue are there at once
print("full", flush=True)
signal.alarm(120)
signal.pause()
