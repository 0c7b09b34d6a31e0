"""Running one suite that lies in a home folder: a Java process of bounded time, its outcomes."""

import shutil
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from scripts.conformance.case import Case
from scripts.conformance.outcome import Outcome, ctl_outcomes, testng_outcomes


def missing(case: Case, home: Path) -> str | None:
    """What of the suite is not in the home, or None where it can be run."""
    if case.kind == "ctl":
        path = home / "scripts" / case.program
        return None if path.is_file() else f"no {path}"
    return None if _jars(case, home) else f"no {case.jar} in {home / 'lib' / 'suites'}"


def run(case: Case, base: str, home: Path, out: Path, proxy_port: int) -> list[Outcome]:
    """Every test's outcome. A suite that runs out of time has one failure more."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    java = ["java", "-Xmx2g", "-Djava.awt.headless=true", f"-DTE_BASE={home}", "-Dhttp.proxyHost=127.0.0.1"]
    java.append(f"-Dhttp.proxyPort={proxy_port}")
    command = (_ctl if case.kind == "ctl" else _testng)(case, base, home, out)
    with (out / "console.log").open("wb") as log:
        try:
            subprocess.run([*java, *command], cwd=out, stdout=log, stderr=log, timeout=case.seconds, check=False)
            late = []
        except subprocess.TimeoutExpired:
            late = [Outcome("FAIL", case.name, f"stopped after {case.seconds} s")]
    outcomes = ctl_outcomes(out / "session") if case.kind == "ctl" else testng_outcomes(out)
    return [*outcomes, *late]


def _parameters(case: Case, base: str) -> dict[str, str]:
    values = {case.address: f"{base}{case.target}", **case.parameters}
    return {name: value.replace("{base}", base) for name, value in values.items() if value}


def _ctl(case: Case, base: str, home: Path, out: Path) -> list[str]:
    lib = home / "lib"
    path = f"{lib / 'te-resources'}:{lib}/te/*:{lib}/ctl/*"
    arguments = [f"@{name}={value}" for name, value in _parameters(case, base).items()]
    source = [f"-source={case.program}", f"-logdir={out}", "-session=session"]
    source += [f"-test={case.test}"] if case.test else []
    return ["-cp", path, "com.occamlab.te.Test", *source, *arguments]


def _testng(case: Case, base: str, home: Path, out: Path) -> list[str]:
    entries = "".join(
        f"<entry key={quoteattr(name)}>{escape(value)}</entry>\n" for name, value in _parameters(case, base).items()
    )
    properties = out / "props.xml"
    properties.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<properties version="1.0">\n{entries}</properties>\n'
    )
    path, patch = str(_jars(case, home)[-1]), []
    if (home / "lib" / "jdkpatch" / "java.desktop").is_dir() and case.name == "wfs20":
        patch = ["--patch-module", f"java.desktop={home / 'lib' / 'jdkpatch' / 'java.desktop'}"]
        path += f":{home}/lib/jaxb/*"
    return [*patch, "-cp", path, case.program, "-o", str(out), str(properties)]


def _jars(case: Case, home: Path) -> list[Path]:
    return sorted((home / "lib" / "suites").glob(f"{case.jar}-*aio.jar"))
