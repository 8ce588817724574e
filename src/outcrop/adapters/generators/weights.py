"""What the evidence of an answer weighs. Written by `python -m bench.calibrate`; change it there.

Learned from the documents in bench/calibration and from XQuAD (Artetxe et al. 2020, CC BY-SA 4.0); of every
question, 5 parts in turn were judged by what was learned from the others, at the threshold below:

set         questions  right sentence  ROC area  answered of answerable  of unanswerable  precision
written           592           0.895     0.926                   0.736            0.030      0.934
xquad.en         1190           0.810     0.951                   0.771            0.047      0.817
xquad.de          596           0.768     0.910                   0.607            0.044      0.825
xquad.es          596           0.762     0.920                   0.691            0.030      0.860
xquad.zh          596           0.752     0.903                   0.661            0.034      0.850
"""

from __future__ import annotations

THRESHOLD = 0.72

# The log odds that a sentence holds the answer.
SENTENCE_BIAS = -13.1880
SENTENCE: dict[str, float] = {
    "cosine": 5.7443,
    "soft": 7.2112,
    "own": 5.1353,
    "near": -1.3999,
    "passage": -2.2202,
    "worst": 0.5991,
    "heaviest": 0.4888,
    "absent": -0.5575,
    "other": -0.1466,
    "lacking": -3.3724,
    "open": -0.1118,
    "pairs": 0.9676,
    "rank": 3.1098,
    "row": -0.8485,
    "words": 0.6521,
}

# The log odds that the best sentence is an answer.
ANSWER_BIAS = -5.0336
ANSWER: dict[str, float] = {
    "cosine": -0.1521,
    "soft": 1.8556,
    "own": 0.3519,
    "near": -1.3431,
    "passage": 1.3142,
    "worst": -0.9635,
    "heaviest": 0.3472,
    "absent": 0.0936,
    "other": 0.0199,
    "lacking": 1.1203,
    "open": 0.4831,
    "pairs": 1.9559,
    "row": 0.0516,
    "score": 0.6017,
    "lead": 0.5379,
    "soft*soft": 1.8935,
    "cosine*soft": 4.9694,
    "worst*lacking": -5.2681,
    "absent*cosine": -0.7382,
}

# The median of each over the answers: what speaks against one is told by it.
USUAL: dict[str, float] = {
    "cosine": 0.6370,
    "soft": 0.8319,
    "own": 0.6617,
    "near": 0.6947,
    "passage": 0.7268,
    "worst": 0.3030,
    "heaviest": 1.1587,
    "absent": 0.0000,
    "other": 0.0000,
    "lacking": 0.0000,
    "open": 1.0000,
    "pairs": 0.0000,
    "row": 0.0000,
    "score": 1.3399,
    "lead": 3.0000,
    "soft*soft": 0.6921,
    "cosine*soft": 0.4910,
    "worst*lacking": 0.0000,
    "absent*cosine": 0.0000,
}
