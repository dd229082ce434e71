"""HTML reports meet the rules of axe-core in Chromium, folded and open, on a desk and on a phone, in light and in dark, and complain of nothing.

``LOSSPROOF_AXE`` names the script, ``axe.min.js`` of the npm package ``axe-core``; `.ci/run` brings it.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from cases.browser import CHROMIUM
from cases.map_cases import hand_map
from cases.report_cases import xor_report

from lossproof.certificates.reports.html import render_html

AXE = os.environ.get("LOSSPROOF_AXE")
SCHEMES = {"dark": 0, "light": 1}
"""The colour schemes by their numbers in the settings of Chromium."""
PAGE = """<!DOCTYPE html><html lang="en"><head><title>none</title><meta name="color-scheme" content="light dark"></head><body><script>
async function look(width, open) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `border:0;height:900px;width:${width}px`;
  frame.srcdoc = REPORT;
  const loaded = new Promise(done => { frame.onload = done; });
  document.body.appendChild(frame);
  await loaded;
  const page = frame.contentDocument;
  if (open) page.querySelectorAll("details").forEach(one => { one.open = true; });
  await new Promise(done => setTimeout(done, 100));
  const dark = frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches;
  const found = await frame.contentWindow.axe.run(page, {resultTypes: ["violations"]});
  const faults = found.violations.map(one => [one.id, one.nodes.length, one.nodes.slice(0, 3).map(node => node.html.slice(0, 120))]);
  frame.remove();
  return {width, open, dark, passed: found.passes.length, faults};
}
(async () => {
  const told = [];
  for (const width of [390, 1280]) for (const open of [false, true]) told.push(await look(width, open));
  document.title = JSON.stringify(told);
})();
</script></body></html>"""


@pytest.mark.skipif(CHROMIUM is None or AXE is None, reason="there is no Chromium here, or LOSSPROOF_AXE names no script")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["map", "xor"])
def test_axe_finds_no_fault(name, scheme, tmp_path):
    report = render_html(hand_map().report if name == "map" else xor_report())
    script = Path(AXE).read_text(encoding="utf-8")
    written = json.dumps(report.replace("</head>", f"<script>{script}</script></head>", 1)).replace("</", "<\\/").replace("<!--", "<\\!--")
    path = tmp_path / "page.html"
    path.write_text(PAGE.replace("REPORT", written), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--virtual-time-budget=60000", "--dump-dom"]
    settings = [f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", "--enable-logging=stderr", "--v=0"]
    done = subprocess.run(
        [CHROMIUM, *options, *settings, path.as_uri()], capture_output=True, text=True, encoding="utf-8", timeout=120, check=True
    )
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)[1]
    told = json.loads(html.unescape(title))
    assert [one["width"] for one in told] == [390, 390, 1280, 1280]
    assert all(one["dark"] == (scheme == "dark") and one["passed"] > 15 for one in told)
    assert [one["faults"] for one in told] == [[]] * 4
