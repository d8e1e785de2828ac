"""Stands in for `mri.worker.child`: speaks its protocol without a model. What it does depends on the prompt.

odd     prints lines that are no events
die     ends at once with exit code 9          hang    makes its steps, then does what it is told until told to stop
refuse  answers with an error event            else    max_new_tokens steps, each adding "ab "
"""

import json
import os
import queue
import sys
import threading
from base64 import b64encode

import numpy as np

from mri.format.wire import blob_from_arrays
from mri.worker.protocol import COMMANDS, EVENTS


def say(**event):
    print(EVENTS.line_of(event), flush=True)


def record(command, commands):
    session_id, prompt = command["id"], command["prompt"]
    if prompt == "die":
        os._exit(9)
    if prompt == "refuse":
        say(event="error", id=session_id, message="The prompt has 700 tokens: 512 are the most.")
        return
    num_steps = command["sampling"]["max_new_tokens"]
    say(event="started", id=session_id, max_steps=num_steps)
    print("a library that prints to stdout", flush=True)
    if prompt == "odd":
        for line in ("3", "[]", '{"event": null}', json.dumps({"event": "step", "id": session_id}), "[" * 100_000):
            print(line, flush=True)
        sys.stdout.buffer.write(b"\xff\xfe\n")
        sys.stdout.flush()
    reason = "max_new_tokens"
    for step in range(num_steps):
        say(event="step", id=session_id, step=step, text="ab " * (step + 1))
    if prompt == "hang":
        others = []
        while (heard := commands.get())["cmd"] != "quit" and heard != {"cmd": "stop", "id": session_id}:
            if heard["cmd"] == "stop":
                others = [other for other in others if other["id"] != heard["id"]]
            elif heard["cmd"] in ("pause", "step"):
                num_steps += heard["cmd"] == "step"
                say(event="paused", id=session_id, step=num_steps - 1, text="ab " * num_steps)
            elif heard["cmd"] == "resume":
                say(event="resumed", id=session_id)
            else:
                others.append(heard)
        for other in others if heard["cmd"] == "stop" else [heard]:  # nobody is left to hear the others
            commands.put(other)
        reason = "stopped"
    say(event="finished", id=session_id, end_reason=reason, response="ab " * num_steps)


def check(command, commands):
    """Two lines, of which one is wrong; of a model_2.pt one, then it waits until it is called off."""

    def line(name, state, **more):
        told = {"name": name, "compared": "one and the other", "figure": 0.5, "tolerance": 1e-4, "state": state}
        say(event="line", id=command["id"], line=told | {"cause": "", "found": "5.0e-01"} | more)

    say(event="loading", id=command["id"], words="reading the weights", done=500)
    line("era", "right", figure=None, tolerance=None, found="E5")
    if command["model"]["file"].endswith("_2.pt"):
        while (heard := commands.get()) != {"cmd": "stop", "id": command["id"]}:
            if heard["cmd"] == "quit":
                commands.put(heard)
                return
        return
    line("cached", "wrong", cause="The cache holds other keys: load the model anew.")
    say(event="checked", id=command["id"], is_right=False, verdict="Wrong: cached. 3 s.", text="the table")


def attribute(command):
    if command["weights_hash"] == "die":
        os._exit(9)
    if command["weights_hash"] == "other":
        say(event="error", id=command["id"], message="Other weights: start the server with --model x.")
    else:
        say(event="attribution", id=command["id"], signed=[0.5 * i for i in command["ids"]], logit=1.5)


def direct(command):
    if command["weights_hash"] == "other":
        say(event="error", id=command["id"], message="Other weights: start the server with --model x.")
        return
    tokens = [[i, bytes([97 + i]).hex(), 0.5 - 0.1 * i] for i in range(3)]
    factor = -0.003 if command["point"].startswith("block.0.") else 0.6
    suppressed = [[29, b"<|bos|>".hex(), -0.7]]
    say(event="direct", id=command["id"], promoted=tokens, suppressed=suppressed, factor=factor)


def explain(command, commands):
    """`progress`, then the command as an answer; weights "wait" until it is called off, "other" refuses."""
    say(event="progress", id=command["id"], done=128, of=640)
    if command["weights_hash"] == "die":
        os._exit(9)
    if command["weights_hash"] == "other":
        say(event="error", id=command["id"], message="Other weights: start the server with --model x.")
        return
    if command["weights_hash"] == "wait":
        while (heard := commands.get()) != {"cmd": "stop", "id": command["id"]}:
            assert heard["cmd"] == "quit", heard
        say(event="error", id=command["id"], message="Nobody asked after this any more: ask again.")
        return
    blob = blob_from_arrays({"start": command.get("start", 0)}, {"lost": np.arange(command.get("step", 3))})
    say(event="arrays", id=command["id"], blob=b64encode(blob).decode())


def load(command, commands):
    """`loading`, then a model with an alarm and a note; on mps it loads until it is called off, cuda is not there."""
    device = command["model"]["loading"]["device"]
    say(event="loading", id=command["id"], words="reading the weights", done=400)
    if device == "cuda":
        say(event="error", id=command["id"], message="There is no device 'cuda' here: choose from mps, cpu.")
        return
    while device == "mps":
        heard = commands.get()
        if heard["cmd"] == "quit" or heard == {"cmd": "stop", "id": command["id"]}:
            if heard["cmd"] == "quit":
                commands.put(heard)
            say(event="error", id=command["id"], message="Cancelled before it began.")
            return
    told = {
        "notes": ["config.json has a key that is not known: it is ignored."],
        "alarm": "Value embeddings are missing.",
    }
    dtype = command["model"]["loading"]["dtype"]
    say(event="loaded", id=command["id"], device="cpu", dtype=dtype, devices=["mps", "cpu"], **told)


def main():
    assert sys.argv[1] == "--sessions"
    commands = queue.Queue()

    def listen():
        for line in sys.stdin:
            commands.put(COMMANDS.message_of(line))
        commands.put({"cmd": "quit"})

    threading.Thread(target=listen, daemon=True).start()
    print("ready soon", file=sys.stderr)
    say(event="ready")
    while (command := commands.get())["cmd"] != "quit":
        if command["cmd"] == "record":
            record(command, commands)
        if command["cmd"] == "check":
            check(command, commands)
        if command["cmd"] == "fork":
            record({"id": command["id"], "prompt": "on", "sampling": {"max_new_tokens": 2}}, commands)
        if command["cmd"] == "attribute":
            attribute(command)
        if command["cmd"] == "direct":
            direct(command)
        if command["cmd"] == "load":
            load(command, commands)
        if command["cmd"] in ("why", "sweep", "control", "costs"):
            explain(command, commands)


main()
