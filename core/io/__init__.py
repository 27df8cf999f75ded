"""From files, frames, exports and project addresses to Samples, and tables back into files.

May import platforms, data.
"""
