#!/usr/bin/env python3
"""Vowpal Wabbit does the job of linear.py from its own text format, with its default updates."""
from linear import BITS, Job, measure

job = Job()

import numpy as np
import vowpalwabbit

with measure.Meter() as meter:
    model = vowpalwabbit.Workspace(f"--data {job.file('train', 'vw')} --loss_function logistic --bit_precision {BITS} --link logistic "
                                   "--no_stdin --quiet")
    model.run_parser()


def predict():
    with open(job.file("test", "vw"), encoding="ascii") as lines:
        return np.array([model.predict(line) for line in lines])


job.report("vw", f"vw {vowpalwabbit.__version__}", meter, predict)
