"""What the evidence of an answer weighs. Written by `python -m bench.calibrate`; change it there.

Learned from the documents in bench/calibration and from XQuAD (Artetxe et al. 2020, CC BY-SA 4.0); of every
question, 5 parts in turn were judged by what was learned from the others, at the threshold below:

set         questions  right sentence  ROC area  answered of answerable  of unanswerable  precision
written           592           0.902     0.923                   0.713            0.057      0.895
xquad.en         1190           0.795     0.950                   0.792            0.050      0.788
"""

from __future__ import annotations

THRESHOLD = 0.74

# The log odds that a sentence holds the answer.
SENTENCE_BIAS = -11.3769
SENTENCE: dict[str, float] = {
    "cosine": 6.5487,
    "soft": 6.0502,
    "own": 4.6631,
    "passage": -3.4618,
    "worst": 0.0630,
    "absent": 0.8151,
    "astray": -0.8700,
    "other": -0.2594,
    "lacking": -2.9319,
    "open": 0.0690,
    "pairs": 0.1789,
    "rank": 2.7887,
    "row": -0.5387,
}

# The log odds that the best sentence is an answer.
ANSWER_BIAS = -4.3376
ANSWER: dict[str, float] = {
    "cosine": 2.4401,
    "soft": 2.0856,
    "own": 0.9954,
    "passage": -0.9171,
    "worst": -0.4131,
    "absent": -0.3582,
    "astray": 0.1692,
    "other": -0.1193,
    "lacking": 0.6314,
    "open": 0.5057,
    "pairs": 0.9234,
    "row": -0.1608,
    "score": 0.5602,
    "soft*soft": 2.0161,
    "cosine*soft": 3.1328,
    "worst*lacking": -3.8296,
    "absent*cosine": 0.6254,
}

# The median of each over the answers: what speaks against one is told by it.
USUAL: dict[str, float] = {
    "cosine": 0.6345,
    "soft": 0.9366,
    "own": 0.7321,
    "passage": 0.7962,
    "worst": 0.6693,
    "absent": 0.0000,
    "astray": 0.0000,
    "other": 0.0000,
    "lacking": 0.0000,
    "open": 0.0000,
    "pairs": 0.0000,
    "row": 0.0000,
    "score": 1.4708,
    "soft*soft": 0.8771,
    "cosine*soft": 0.5419,
    "worst*lacking": 0.0000,
    "absent*cosine": 0.0000,
}
