"""Broken lines by the million: whatever stands between good lines, the good ones are read and the others told."""
