#!/usr/bin/env python3
"""TensorFlow's Estimator does the job of linear.py: LinearClassifier, FTRL 0.2, batches of 512; its checkpoints are within the time."""
import tempfile

from linear import BUCKETS, COUNTS, WORDS, Job, measure

job = Job()

import numpy as np
import tensorflow as tf

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
v1 = tf.compat.v1
columns = [tf.feature_column.categorical_column_with_hash_bucket(c, b) for c, b in zip(COUNTS + WORDS, (10_000,) * 13 + BUCKETS)]


def source(part):
    def parse(lines):
        fields = tf.io.decode_csv(lines, [[0.0]] + [[""]] * 39)
        return dict(zip(COUNTS + WORDS, fields[1:])), tf.cast(fields[0], tf.int32)

    lines = tf.data.TextLineDataset(job.file(part, "csv"), buffer_size=1 << 20).skip(1)
    return lines.batch(512).map(parse, num_parallel_calls=job.args.threads).prefetch(4)


with tempfile.TemporaryDirectory() as folder:
    session = v1.ConfigProto(intra_op_parallelism_threads=job.args.threads, inter_op_parallelism_threads=job.args.threads)
    config = tf.estimator.RunConfig(folder, session_config=session, log_step_count_steps=10**6, save_summary_steps=10**6, save_checkpoints_steps=10**7)
    model = v1.estimator.LinearClassifier(columns, optimizer=v1.train.FtrlOptimizer(0.2, initial_accumulator_value=0.1), config=config)
    with measure.Meter() as meter:
        model.train(lambda: source("train"))
    job.report("tensorflow", f"Eigen {tf.__version__}", meter,
               lambda: np.array([p["probabilities"][1] for p in model.predict(lambda: source("test"))]))
