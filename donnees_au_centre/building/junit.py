"""dbt's results as JUnit XML, which GitLab shows in a merge request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from donnees_au_centre.building.results import BAD, GOOD
from donnees_au_centre.project.nodes import Manifest


def write_junit(path: Path, manifest: Manifest, results: Iterable[Mapping[str, Any]]) -> None:
    """Writes one test case a node, in a suite a domain.

    Args:
        path: the file; its folder is made.
        manifest: what was built.
        results: of dbt's run_results.json.
    """
    suites: dict[str, ElementTree.Element] = {}
    root = ElementTree.Element("testsuites")
    for result in sorted(results, key=lambda result: str(result["unique_id"])):
        # dbt also says of an exposure that there was nothing to do.
        if str(result["unique_id"]).startswith("exposure."):
            continue
        node = manifest.node(result["unique_id"])
        domain = manifest.domain_of(node) or "sans domaine"
        if domain not in suites:
            suites[domain] = ElementTree.SubElement(root, "testsuite", name=domain)
        case = ElementTree.SubElement(
            suites[domain],
            "testcase",
            name=node.name,
            classname=f"{domain}.{node.kind}",
            file=node.path,
            time=str(round(float(result.get("execution_time") or 0), 3)),
        )
        status, message = str(result["status"]), str(result.get("message") or "")
        if status in BAD:
            ElementTree.SubElement(case, "failure", message=message.partition("\n")[0]).text = message
        elif status == "warn":
            ElementTree.SubElement(case, "system-out").text = message
        elif status not in GOOD:
            ElementTree.SubElement(case, "skipped", message=status)
    for suite in suites.values():
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.indent(root)
    path.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
