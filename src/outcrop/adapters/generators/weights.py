"""What the evidence of an answer weighs. Written by `python -m bench.calibrate`; change it there.

Learned from the documents in bench/calibration and from XQuAD (Artetxe et al. 2020, CC BY-SA 4.0); of every
question, 5 parts in turn were judged by what was learned from the others, at the threshold below:

set         questions  right sentence  ROC area  answered of answerable  of unanswerable  precision
written           884           0.898     0.879                   0.638            0.043      0.897
xquad.en         1190           0.792     0.950                   0.793            0.061      0.785
xquad.de          596           0.742     0.904                   0.581            0.047      0.791
xquad.es          596           0.732     0.915                   0.708            0.050      0.801
xquad.zh          596           0.715     0.901                   0.607            0.030      0.805
"""

from __future__ import annotations

THRESHOLD = 0.71

# The log odds that a sentence holds the answer.
SENTENCE_BIAS = -9.3636
SENTENCE: dict[str, float] = {
    "cosine": 3.8701,
    "foreign": 18.9962,
    "soft": 5.2314,
    "own": 6.3857,
    "passage": -3.4862,
    "worst": -1.4807,
    "absent": 1.5832,
    "astray": -1.8841,
    "other": -0.5702,
    "lacking": -3.3278,
    "open": -0.0795,
    "pairs": 0.5459,
    "rank": 3.3061,
    "row": -0.5478,
}

# The log odds that the best sentence is an answer.
ANSWER_BIAS = -2.3150
ANSWER: dict[str, float] = {
    "cosine": -0.4487,
    "foreign": 1.0579,
    "soft": 0.2418,
    "own": 1.6903,
    "passage": 0.3092,
    "worst": -0.8436,
    "absent": 0.2269,
    "astray": -0.2041,
    "other": -0.1595,
    "lacking": 0.0046,
    "open": 0.4115,
    "pairs": 1.1113,
    "row": -0.2575,
    "score": 0.4743,
    "soft*soft": 1.1876,
    "cosine*soft": 4.4217,
    "worst*lacking": -2.4173,
    "absent*cosine": -0.4569,
}

# The median of each over the answers: what speaks against one is told by it.
USUAL: dict[str, float] = {
    "cosine": 0.6243,
    "foreign": 0.0000,
    "soft": 0.8393,
    "own": 0.6722,
    "passage": 0.7441,
    "worst": 0.3375,
    "absent": 0.0000,
    "astray": 0.0000,
    "other": 0.0000,
    "lacking": 0.0000,
    "open": 1.0000,
    "pairs": 0.0000,
    "row": 0.0000,
    "score": 1.3928,
    "soft*soft": 0.7045,
    "cosine*soft": 0.4852,
    "worst*lacking": 0.0000,
    "absent*cosine": 0.0000,
}
