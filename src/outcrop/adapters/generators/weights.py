"""What the evidence of an answer weighs. Written by `python -m bench.calibrate`; change it there.

Learned from the documents in bench/calibration and from XQuAD (Artetxe et al. 2020, CC BY-SA 4.0); of every
question, 5 parts in turn were judged by what was learned from the others, at the threshold below:

set         questions  right sentence  ROC area  answered of answerable  of unanswerable  precision
written           884           0.891     0.883                   0.769            0.181      0.767
xquad.en         1190           0.792     0.952                   0.911            0.150      0.700
xquad.de          596           0.718     0.906                   0.795            0.104      0.694
xquad.es          596           0.715     0.915                   0.852            0.158      0.648
xquad.zh          596           0.705     0.901                   0.758            0.094      0.720
"""

from __future__ import annotations

THRESHOLD = 0.4

# The log odds that a sentence holds the answer.
SENTENCE_BIAS = -9.2978
SENTENCE: dict[str, float] = {
    "cosine": 4.1557,
    "foreign": 17.3365,
    "soft": 4.9153,
    "own": 6.2793,
    "passage": -3.3726,
    "worst": -1.6309,
    "absent": 1.5874,
    "astray": -1.9603,
    "other": -0.5416,
    "lacking": -3.2339,
    "open": -0.1487,
    "pairs": 0.3899,
    "rank": 3.2279,
    "row": -0.4200,
}

# The log odds that the best sentence is an answer.
ANSWER_BIAS = -2.2912
ANSWER: dict[str, float] = {
    "cosine": -0.3171,
    "foreign": 0.5603,
    "soft": 0.6500,
    "own": 1.5925,
    "passage": 0.4777,
    "worst": -0.8378,
    "absent": -0.0460,
    "astray": -0.2985,
    "other": -0.3019,
    "lacking": 0.1626,
    "open": 0.4302,
    "pairs": 1.0679,
    "row": -0.0727,
    "score": 0.5340,
    "soft*soft": 0.8660,
    "cosine*soft": 3.8369,
    "worst*lacking": -2.1329,
    "absent*cosine": 0.4890,
}

# The median of each over the answers: what speaks against one is told by it.
USUAL: dict[str, float] = {
    "cosine": 0.6263,
    "foreign": 0.0000,
    "soft": 0.8398,
    "own": 0.6783,
    "passage": 0.7390,
    "worst": 0.3375,
    "absent": 0.0000,
    "astray": 0.0000,
    "other": 0.0000,
    "lacking": 0.0000,
    "open": 1.0000,
    "pairs": 0.0000,
    "row": 0.0000,
    "score": 1.2644,
    "soft*soft": 0.7053,
    "cosine*soft": 0.4866,
    "worst*lacking": 0.0000,
    "absent*cosine": 0.0000,
}
