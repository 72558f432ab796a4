#!/usr/bin/env python3
"""TensorFlow does the job of wide_deep.py in a loop of its own.

The legacy optimizers have fused kernels for sparse gradients; batches are slices of arrays, the loop is in a tf.function.
"""
from wide_deep import BUCKETS, COUNTS, DIM, HIDDEN, OFFSETS, ROWS, WARM_UP, WORDS, Job, measure

job = Job()

import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(job.args.threads)
tf.config.threading.set_inter_op_parallelism_threads(job.args.threads)
tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)

table = tf.Variable(tf.random.normal([ROWS, DIM], stddev=0.05))
wide, wide_numbers = tf.Variable(tf.zeros([ROWS, 1])), tf.Variable(tf.zeros([len(COUNTS), 1]))
deep = tf.keras.Sequential([tf.keras.layers.Dense(width, "relu") for width in HIDDEN] + [tf.keras.layers.Dense(1)])
deep.build((None, len(WORDS) * DIM + len(COUNTS)))
legacy = tf.keras.optimizers.legacy
groups = [(legacy.Adagrad(0.01, initial_accumulator_value=0.1), [table, *deep.trainable_variables]),
          (legacy.Ftrl(0.05, initial_accumulator_value=0.1), [wide, wide_numbers])]


def logits(ids, numbers):
    rows = tf.reshape(tf.gather(table, ids), [-1, len(WORDS) * DIM])
    return (deep(tf.concat([rows, numbers], 1)) + tf.reduce_sum(tf.gather(wide, ids), 1) + numbers @ wide_numbers)[:, 0]


@tf.function
def train(batches):
    steps = 0
    for ids, numbers, labels in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, tf.float32), logits(ids, numbers)))
        gradients = tape.gradient(loss, [variable for _, group in groups for variable in group])
        for optimizer, group in groups:
            optimizer.apply_gradients(zip(gradients[:len(group)], group))
            gradients = gradients[len(group):]
        steps += 1
    return steps


def batches(part, first=0):
    """All batches of a part, or those from number `first` on."""
    if job.args.input == "memory":
        return tf.data.Dataset.from_tensor_slices(tuple(array[first:] for array in job.arrays(part))).prefetch(4)

    def parse(lines):
        fields = tf.io.decode_csv(lines, [[0.0]] * 14 + [[""]] * 26)
        ids = [tf.cast(tf.strings.to_hash_bucket_fast(field, b), tf.int32) + o for field, b, o in zip(fields[14:], BUCKETS, OFFSETS)]
        return tf.stack(ids, 1), tf.math.log1p(tf.stack(fields[1:14], 1)), fields[0]

    lines = tf.data.TextLineDataset(job.csv(part), buffer_size=1 << 20).skip(1 + first * job.args.batch).batch(job.args.batch, drop_remainder=True)
    return lines.map(parse, num_parallel_calls=job.args.threads).prefetch(4)


def predict():
    function = tf.function(lambda ids, numbers: tf.sigmoid(logits(ids, numbers)))
    return np.concatenate([function(ids, numbers).numpy() for ids, numbers, _ in batches("test")])


train(batches("train").take(WARM_UP))
source = batches("train", WARM_UP).take(job.steps - WARM_UP)
with measure.Meter() as meter:
    steps = int(train(source))
job.report("tensorflow", f"oneDNN {tf.__version__}", meter, predict, steps)
