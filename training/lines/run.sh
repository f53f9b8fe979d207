#!/bin/sh
# From the published recogniser to papier's: run.sh DATA PUBLISHED.onnx PACKAGES NAMES WORK MODELS
# See README.md for what each of them is.
set -eu
data=$1 published=$2 packages=$3 names=$4 work=$5 models=$6
export OMP_NUM_THREADS=1
python -m training.lines.language "$data" "$packages" "$models/french_letters.npz" --names "$names"
# All layers first, then the later ones alone, which is a third faster.
python -m training.lines.train "$data" "$work/all" --published "$published" --fonts "$packages" --lines 8300
python -m training.lines.train "$data" "$work/later" --published "$published" --fonts "$packages" \
    --start "$work/all/network.pt" --freeze --lines 27000 --seed 5
python -m training.lines.evaluate "$data" "$work/later/final.pt" "$models/french_letters.npz" "$models/handwriting.onnx" --bytes
