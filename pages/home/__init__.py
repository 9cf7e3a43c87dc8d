"""Where a visit begins.

    page  The first page: begin with a sample, own data, or a lesson.
"""
