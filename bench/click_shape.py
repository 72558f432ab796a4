"""The shape of the click log: its columns, and how many different words each has, as in the log of Criteo's contest."""
CARDINALITIES = (1460, 583, 10131227, 2202608, 305, 24, 12517, 633, 3, 93145, 5683, 8351593, 3194, 27, 14992, 5461306, 10, 5652,
                 2173, 4, 7046547, 18, 15, 286181, 105, 142572)
BUCKETS = tuple(min(c, 1_000_000) for c in CARDINALITIES)  # rows of the tables, 5,569,296 in all
OFFSETS = tuple(sum(BUCKETS[:i]) for i in range(len(BUCKETS)))  # where each begins when they lie one behind the other
COUNTS = tuple(f"I{i}" for i in range(1, 14))
WORDS = tuple(f"C{i}" for i in range(1, 27))
