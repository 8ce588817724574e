"""Builds every document of the sample handbook: `python examples/handbook/build.py [FOLDER]`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from writers import markup, microsoft, opendocument, others, pdf, scan

HERE = Path(__file__).resolve().parent
CONTENT = HERE / "content"
PASSWORD = "granite-and-gneiss"  # noqa: S105 - published in the README, so that the file can be opened

COPIED = (
    "finance/purchasing-rules.html",
    "it/alert-thresholds.json",
    "it/on-call-runbook.md",
    "it/postmortem-2026-03-12.md",
    "it/security-policy.html",
    "people/onboarding.md",
    "product/dead-time-correction.tex",
    "product/firmware-manifest.xml",
    "product/release-notes-fieldlink.txt",
    "sales/shipping-rates.csv",
)

LOOKS = {
    "people/travel-and-expenses": pdf.Look(
        "Travel and expenses", "FN-11, version 5.0. Internal.", size=11, table_size=10
    ),
    "people/arbeitszeit-steinmoor": pdf.Look(
        "Betriebsvereinbarung Arbeitszeit",
        "Standort Steinmoor",
        page_word="Seite {page} von {pages}",
        face="DejaVuSerif",
        size=10.5,
    ),
    "plant/calibration-schedule": pdf.Look("Calibration schedule 2026", "QA-17, issue 12", size=9.5, table_size=8),
    "plant/quality-manual": pdf.Look("Quality manual", "QA-01, edition 4", face="Times-Roman", size=11.5),
    "plant/crane-inspection": pdf.Look(
        "Report TE-2026-0417",
        "Examiners of lifting equipment",
        size=11,
        table_size=10,
        house="AVERDALE INSPECTION SERVICE",
    ),
    "sales/warranty-terms": pdf.Look("Warranty terms", "Edition January 2026", face="Times-Roman", size=11, columns=2),
    "finance/board-remuneration": pdf.Look("Remuneration", "Restricted"),
}


def blocks(name: str) -> list[markup.Block]:
    """The blocks of one text in `content`."""
    return markup.read((CONTENT / f"{name}.md").read_text(encoding="utf-8"))


def sheets(name: str, *names: str) -> list[tuple[str, list[list[str | float]]]]:
    """The sheets of one workbook in `content`."""
    return [(sheet, microsoft.cells(CONTENT / name / f"{sheet}.csv")) for sheet in names]


def build_texts(target: Path) -> None:
    """Plain formats: as they were written, and one in a code page of the nineties."""
    for name in COPIED:
        shutil.copyfile(CONTENT / name, target / name)
    french = (CONTENT / "offices/roqueval-consignes.txt").read_text(encoding="utf-8")
    (target / "offices/roqueval-consignes.txt").write_bytes(french.replace("\n", "\r\n").encode("cp1252"))
    mail = (CONTENT / "sales/freight-forwarder.md").read_text(encoding="utf-8")
    others.write_eml(mail, CONTENT / "sales/freight-cut-off.csv", target / "sales/freight-forwarder.eml")
    others.write_rtf(blocks("minutes/product-board-2026-10-07"), target / "minutes/product-board-2026-10-07.rtf")
    others.write_epub(blocks("people/benefits"), target / "people/benefits.epub")
    others.write_ipynb(blocks("product/battery-analysis"), target / "product/battery-analysis.ipynb")


def build_pdfs(target: Path) -> None:
    """Born-digital, two columns, tables with a page stored sideways, scanned, mixed, encrypted."""
    pdf.fonts()
    made = {name: pdf.write(blocks(name), look) for name, look in LOOKS.items()}
    made["plant/crane-inspection"] = scan.replace(made["plant/crane-inspection"], range(3), seed=2)
    signed = pdf.scanned_pages(blocks("plant/quality-manual"))
    made["plant/quality-manual"] = scan.replace(made["plant/quality-manual"], signed, seed=5)
    made["finance/board-remuneration"] = pdf.encrypt(made["finance/board-remuneration"], PASSWORD)
    for name, data in made.items():
        (target / f"{name}.pdf").write_bytes(data)
    lines = (CONTENT / "plant/notice-hall-b.md").read_text(encoding="utf-8").removeprefix("# ").splitlines()
    scan.notice([lines[0], *lines[2:]], target / "plant/notice-hall-b.png")


def build_office(target: Path) -> None:
    """Word, Excel, PowerPoint and OpenDocument, old and new."""
    word = microsoft.write_docx
    word(blocks("people/leave-policy"), target / "people/leave-policy.docx", "HR-04, version 3.2")
    word(blocks("finance/supply-agreement-crystals"), target / "finance/supply-agreement-crystals.docx", "SA-2026-03")
    word(blocks("offices/iwasaka-kosei"), target / "offices/iwasaka-kosei.docx", "JP-02", "Noto Sans CJK JP")
    microsoft.write_doc(blocks("plant/safety-manual"), target / "plant/safety-manual.doc", "SF-01, edition 9")
    microsoft.write_pptx(blocks("sales/partner-day"), target / "sales/partner-day-2026.pptx")
    price_list = sheets("sales/price-list-2026", "Instruments", "Accessories", "Service", "Discounts")
    microsoft.write_xlsx(price_list, target / "sales/price-list-2026.xlsx")
    microsoft.write_xls(sheets("sales/spare-parts", "Parts", "Stock"), target / "sales/spare-parts.xls")
    opendocument.write_odt(blocks("people/remote-work"), target / "people/remote-work.odt")
    scores = sheets("finance/supplier-scorecard", "Scorecard", "Rules")
    opendocument.write_ods(scores, target / "finance/supplier-scorecard.ods")


def build_broken(target: Path) -> None:
    """What every shared drive has: a file that was cut off while copying, and one with nothing in it."""
    draft = target / "finance/annual-report-draft.docx"
    microsoft.write_docx(blocks("finance/annual-report-draft"), draft, "Draft")
    draft.write_bytes(draft.read_bytes()[: draft.stat().st_size * 3 // 5])
    (target / "minutes/product-board-2026-11-11.txt").write_bytes(b"")


def main() -> None:
    """Builds into the folder that was named, or into `documents`."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "documents"
    for folder in ("people", "it", "plant", "sales", "product", "finance", "minutes", "offices"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for step in (build_texts, build_pdfs, build_office, build_broken):
        step(target)
    made = sorted(path for path in target.rglob("*") if path.is_file())
    print(f"{len(made)} documents, {sum(path.stat().st_size for path in made) / 1e6:.1f} MB in {target}")


if __name__ == "__main__":
    main()
