"""What Southlink promises of its speed and size, measured: ``make bench``.

Each question is a module with a function ``measure`` that returns `benchmarks.report.Result`s.
"""
