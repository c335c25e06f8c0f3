"""Failures of training: data, memory, and numbers that run away."""

from __future__ import annotations

from oa.errors.kinds import Invalid, Unavailable


class BadTrainingData(Invalid):
    """Nothing could be learned from the data as it is; the message says what is wrong with how much of it."""

    code = "bad_training_data"


class TrainingStopped(Unavailable):
    """A training that cannot go on, or from which no good would come; the message says what is kept of it."""

    code = "training_stopped"
