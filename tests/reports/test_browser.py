"""HTML reports in Chromium, where there is one: nothing is wider than the window, on a desk and on a phone, with all claims folded and open."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from cases.browser import CHROMIUM
from cases.map_cases import hand_map
from cases.report_cases import NASTY_NAME, xor_report

from lossproof.certificates.reports.html import render_html

PAGE = """<body><script>
const told = [];
async function look(width, open) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `border:0;height:800px;width:${width}px`;
  frame.srcdoc = REPORT;
  const loaded = new Promise(done => { frame.onload = done; });
  document.body.appendChild(frame);
  await loaded;
  const page = frame.contentDocument;
  if (open) page.querySelectorAll("details").forEach(one => { one.open = true; });
  for (const one of page.querySelectorAll("body *"))
    if (!one.closest(".scroll, pre") && one.getBoundingClientRect().right > frame.contentWindow.innerWidth + 1)
      told.push(`${width} ${one.tagName} ${one.textContent.slice(0, 30)}`);
  told.push(`seen ${width} ${page.documentElement.scrollHeight}`);
}
(async () => { for (const width of [390, 1280]) for (const open of [false, true]) await look(width, open); document.title = JSON.stringify(told); })();
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("name", ["map", "nasty"])
def test_nothing_is_wider_than_the_window(name, tmp_path):
    report = hand_map().report if name == "map" else xor_report(NASTY_NAME, (NASTY_NAME,))
    path = tmp_path / "page.html"
    path.write_text(PAGE.replace("REPORT", json.dumps(render_html(report)).replace("</", "<\\/")), encoding="utf-8")
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=9000",
        "--dump-dom",
    ]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, encoding="utf-8", timeout=60, check=True)
    told = json.loads(re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)[1])
    assert [line for line in told if not line.startswith("seen ")] == []
    assert len(told) == 4
