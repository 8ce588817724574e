"""What the evidence of an answer weighs. Written by `python -m bench.calibrate`; change it there.

Learned from the documents in bench/calibration and from XQuAD (Artetxe et al. 2020, CC BY-SA 4.0); of every
question, 5 parts in turn were judged by what was learned from the others, at the threshold below:

set         questions  right sentence  ROC area  answered of answerable  of unanswerable  precision
written           884           0.891     0.879                   0.756            0.181      0.763
xquad.en         1190           0.792     0.952                   0.909            0.141      0.706
xquad.de          596           0.718     0.906                   0.782            0.097      0.698
xquad.es          596           0.715     0.915                   0.846            0.144      0.658
xquad.zh          596           0.705     0.901                   0.752            0.081      0.738
"""

from __future__ import annotations

THRESHOLD = 0.42

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
ANSWER_BIAS = -2.6646
ANSWER: dict[str, float] = {
    "cosine": -0.0719,
    "foreign": 0.9275,
    "soft": 0.8556,
    "own": 1.9372,
    "passage": 0.3225,
    "worst": -0.8642,
    "absent": 0.0249,
    "astray": -0.3372,
    "other": -0.3272,
    "lacking": -0.0746,
    "open": 0.4257,
    "pairs": 1.0907,
    "row": -0.2090,
    "score": 0.4672,
    "soft*soft": 0.8712,
    "cosine*soft": 3.8759,
    "worst*lacking": -2.2447,
    "absent*cosine": 0.2754,
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
