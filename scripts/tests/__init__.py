"""Tests in Python: `verifier_*` judge the verifier with tables made by hand, `e2e_*` run the engine's real processes.

One of them by itself, from the folder scripts/ (the e2e ones need `cargo build --release`):

    $(./python_env) -m unittest -v tests.verifier_test
    $(./python_env) -m unittest -v tests.e2e_flights_test
"""
