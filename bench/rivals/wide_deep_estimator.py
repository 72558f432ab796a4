#!/usr/bin/env python3
"""TensorFlow's Estimator does the job of wide_deep.py: DNNLinearCombinedClassifier over feature columns.

Its checkpoints are outside the time: the clock runs from the end of step 20 to the end of the last one.
"""
import tempfile

from wide_deep import BUCKETS, COUNTS, DIM, HIDDEN, OFFSETS, WARM_UP, WORDS, Job, measure

job = Job()

import numpy as np
import tensorflow as tf

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
v1, fc = tf.compat.v1, tf.feature_column
memory = job.args.input == "memory"
kind = fc.categorical_column_with_identity if memory else fc.categorical_column_with_hash_bucket
words = [kind(name, buckets) for name, buckets in zip(WORDS, BUCKETS)]
numbers = [fc.numeric_column(name) for name in COUNTS]
vectors = [fc.embedding_column(column, DIM, initializer=tf.random_normal_initializer(0, 0.05)) for column in words]


def named(fields, labels):
    return dict(zip(WORDS + COUNTS, fields)), tf.cast(labels, tf.int32)


def from_csv(part, steps):
    def parse(lines):
        fields = tf.io.decode_csv(lines, [[0.0]] * 14 + [[""]] * 26)
        return named(fields[14:] + [tf.math.log1p(x) for x in fields[1:14]], fields[0])

    lines = tf.data.TextLineDataset(job.csv(part), buffer_size=1 << 20).skip(1).batch(job.args.batch, drop_remainder=True)
    return lines.take(steps).map(parse, num_parallel_calls=job.args.threads).prefetch(4)


def from_memory(part, steps):
    arrays = job.arrays(part)
    signature = tuple(tf.TensorSpec((job.args.batch, *rest), t) for t, *rest in ((tf.int32, 26), (tf.float32, 13), (tf.uint8,)))
    batches = tf.data.Dataset.from_generator(lambda: zip(*(array[:steps] for array in arrays)), output_signature=signature)
    return batches.map(lambda i, n, l: named(tf.unstack(i - tf.constant(OFFSETS, tf.int32), axis=1) + tf.unstack(n, axis=1), l)).prefetch(4)


class Clock(v1.train.SessionRunHook):
    done = 0

    def after_run(self, context, values):
        self.done += 1
        if self.done == WARM_UP:
            self.meter = measure.Meter().__enter__()
        if self.done == job.steps:
            self.meter.__exit__()


source = from_memory if memory else from_csv
with tempfile.TemporaryDirectory() as folder:
    session = v1.ConfigProto(intra_op_parallelism_threads=job.args.threads, inter_op_parallelism_threads=job.args.threads)
    config = tf.estimator.RunConfig(folder, session_config=session, log_step_count_steps=10**6, save_summary_steps=10**6, save_checkpoints_steps=10**7)
    model = v1.estimator.DNNLinearCombinedClassifier(
        linear_feature_columns=words + numbers, linear_optimizer=v1.train.FtrlOptimizer(0.05, initial_accumulator_value=0.1),
        dnn_feature_columns=vectors + numbers, dnn_optimizer=v1.train.AdagradOptimizer(0.01, initial_accumulator_value=0.1),
        dnn_hidden_units=HIDDEN, config=config)
    clock = Clock()
    model.train(lambda: source("train", job.steps), steps=job.steps, hooks=[clock])
    job.report("estimator", f"oneDNN {tf.__version__}", clock.meter,
               lambda: np.array([p["probabilities"][1] for p in model.predict(lambda: source("test", 1 << 30))]), job.steps - WARM_UP)
