from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["one process", "xdist"])
def test_counts_of_all_tests_are_summed_in_the_summary(pytester, workers):
    conftest = (Path(__file__).parent / "conftest.py").read_text()
    pytester.makeconftest(conftest)
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.parametrize("n", [1000, 234])
        def test_numbers(count, n):
            count("cases tried", n)
        """
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *workers)
    result.stdout.fnmatch_lines(["*Counts*", "*1,234  cases tried*"])
