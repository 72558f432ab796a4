"""What Kinspace is told about the click log of clicks.py: the specs of the jobs wide-deep and linear as TOML."""
from click_shape import BUCKETS, CARDINALITIES, COUNTS, WORDS

TRUNCATED = 0.8796  # standard deviation of a normal cut at two of its own, which the start here is and that of others is not


def spec(columns, types, model, train, data="train.csv"):
    types = ", ".join(f'{name} = "{kind}"' for name, kind in types.items())
    columns = "\n".join(f"{name} = {{ {text} }}" for name, text in columns.items())
    return f"""spec = 1
data = {{ path = "{data}", types = {{ {types} }} }}
head = {{ kind = "binary", target = "label" }}
split = {{ by = "none" }}

[model]
prior_bias = false
{model}

[train]
epochs = 1
shuffle = false
reduction = "sum"
schedule = {{ kind = "constant" }}
checkpoint = {{ seconds = 0 }}
{train}

[columns]
{columns}
"""


def wide_deep(words, batch=512):
    """`words`: "hash" for train.csv, "identity" for train-ids.csv."""
    place = "buckets" if words == "hash" else "size"
    columns = {name: 'kind = "numeric", missing = "constant", fill = 0, scale = "log1p"' for name in COUNTS}
    columns |= {name: f'kind = "{words}", {place} = {buckets}, embed = {{ dim = 16, init_std = {0.05 / TRUNCATED:.5f} }}'
                for name, buckets in zip(WORDS, BUCKETS)}
    return spec(columns, {name: "string" for name in WORDS} if words == "hash" else {},
                'kind = "wide_deep"\nlayers = [1024, 512, 256]\ndropout = 0',
                f"""batch = {batch}
optimizer = {{ name = "adagrad", lr = 0.01, initial_accumulator = 0.1 }}
optimizers."linear/*" = {{ name = "ftrl", lr = 0.05, initial_accumulator = 0.1 }}""")


def linear(batch=512):
    """Every field is a word of its column, with room enough that few words of a small column collide."""
    buckets = (10_000,) * 13 + tuple(min(1_000_000, max(1000, 8 * words)) for words in CARDINALITIES)
    columns = {name: f'kind = "hash", buckets = {n}' for name, n in zip(COUNTS + WORDS, buckets)}
    return spec(columns, {name: "string" for name in COUNTS + WORDS}, 'kind = "linear"', f"""batch = {batch}
optimizer = {{ name = "ftrl", lr = 0.07, initial_accumulator = 0.1 }}""")
