#!/bin/sh
# Train, calibrate and export the reader of hand-printed characters: run.sh DATA WORK OUTPUT [PROCESSES]
# PROCESSES draw cells, beside the one that trains; the default suits two cores.
set -eu
data=$1 work=$2 output=$3 processes=${4:-1}
mkdir -p "$work"
rm -f "$work/disputed.npz"
python -m training.characters.train --data "$data" --work "$work" --cells 600000 --processes "$processes"
python -m training.characters.evaluate --data "$data" --work "$work" --output "$work/first.onnx"
python -m training.characters.clean --data "$data" --work "$work" --model "$work/first.onnx"
cp "$work/network.pt" "$work/first.pt"
python -m training.characters.train --data "$data" --work "$work" --start "$work/first.pt" --cells 2300000 --processes "$processes"
python -m training.characters.evaluate --data "$data" --work "$work" --output "$output"
