"""How far a model's program can be trusted: belief, evidence, decision, and what they are worth.

After Oh et al. 2026 (arXiv 2602.05073): uncertainty falls only by evidential steps. Equations and
which of them are ours: ``docs/uncertainty.md``.
"""
