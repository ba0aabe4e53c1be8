"""Cloudera's model metrics: ``metrics_v1`` and ``models_v1`` as in its ``cml`` package, over Driftline.

A program changes its imports and nothing else::

    import driftline.cml.metrics_v1 as metrics
    import driftline.cml.models_v1 as models
"""

from __future__ import annotations

from . import metrics_v1, models_v1

__all__ = ["metrics_v1", "models_v1"]
