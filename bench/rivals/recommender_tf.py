#!/usr/bin/env python3
"""TensorFlow does the job of job.py: tf.nn.sampled_softmax_loss, the loop inside a tf.function.

The legacy Adagrad has fused kernels for sparse gradients, the newer one does not; batches are slices of one array.
"""
from job import CONTEXT, DIM, EPSILON, HIDDEN, NEGATIVES, RATE, START, WARM_UP, Job, measure

job = Job()

import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(job.args.threads)
tf.config.threading.set_inter_op_parallelism_threads(job.args.threads)
tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)


def table():
    return tf.Variable(tf.random.normal((job.items, DIM), stddev=0.1))


inputs, outputs, bias = table(), table(), tf.zeros([job.items])
optimizer = tf.keras.optimizers.legacy.Adagrad(RATE, initial_accumulator_value=START, epsilon=EPSILON)


tower = tf.keras.Sequential([tf.keras.layers.Dense(HIDDEN, "relu"), tf.keras.layers.Dense(DIM)] if job.args.model == "tower" else [])
tower.build((None, DIM))
variables = [inputs, outputs, *tower.trainable_variables]


def query(context):
    return tower(tf.reduce_mean(tf.gather(inputs, context), 1))


@tf.function
def train(batches):
    for batch in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.sampled_softmax_loss(  # its default sampler is log-uniform, distinct
                outputs, bias, batch[:, CONTEXT:], query(batch[:, :CONTEXT]), NEGATIVES, job.items, num_true=7))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))


def dataset(part):
    return tf.data.Dataset.from_tensor_slices(part.astype(np.int64)).prefetch(2)


train(dataset(job.histories[:WARM_UP]))
with measure.Meter() as meter:
    train(dataset(job.histories[WARM_UP:]))
job.report("tensorflow", tf.__version__, meter, lambda context: query(context).numpy(), outputs.numpy)
