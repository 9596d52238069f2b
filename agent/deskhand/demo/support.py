"""The demo office's mailbox and its FAQ: 30 mails, what a triage should do with each, and their attachments.

Everything is written out, nothing is drawn by chance. No mail is sent from here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from deskhand.demo.people import OFFICE

# Topic, Keywords, Question, Answer. Keywords: alternatives split by `;`, words that must all occur by `+`.
FAQ = (
    (
        "Payments",
        "bank details; iban; kontoverbindung; where+pay",
        "What are your bank details?",
        "Our bank details stand at the foot of every invoice. Please transfer to acme GmbH, "
        "IBAN DE02 1203 0000 0000 2020 51, and name the invoice number.",
    ),
    (
        "Payments",
        "copy+invoice; duplicate+invoice; rechnungskopie; kopie+rechnung",
        "Can I have a copy of an invoice?",
        "Copies of all invoices of the last two years can be downloaded at https://portal.acme.example/invoices.",
    ),
    (
        "Orders",
        "delivery time; lieferzeit; how long+deliver; wie lange+lieferung",
        "How long does a delivery take?",
        "Goods in stock leave our warehouse within two working days and reach you within five.",
    ),
    (
        "Orders",
        "price list; preisliste; current prices",
        "Where is the price list?",
        "The current price list is at https://portal.acme.example/prices and holds until the end of the year.",
    ),
    (
        "Returns",
        "return label; rücksendeschein; how+return goods; retourenschein",
        "How do I return goods?",
        "Return labels are at https://portal.acme.example/returns. Goods can be returned within 30 days.",
    ),
    (
        "General",
        "opening hours; öffnungszeiten; when+open",
        "What are your opening hours?",
        "We are there from Monday to Friday, 8:00 to 17:00 (Berlin time).",
    ),
)

# Topic, Keywords, Folder: where a mail goes that the FAQ doesn't answer.
TOPICS = (
    ("Payments", "payment; paid; invoice; rechnung; zahlung; überweisung; reminder; mahnung; credit note", "Payments"),
    ("Orders", "order; bestellung; delivery; lieferung; shipment; pallet; palette", "Orders"),
    ("Returns", "return; broken; damaged; defekt; reklamation; rücksendung", "Returns"),
    ("General", "", "General"),
)

Action = Literal["answered", "assigned", "set aside", "left"]


@dataclass(frozen=True)
class Attachment:
    """A file at a mail. `kind` says what `write` makes of `content`: text, a sheet's rows, or a page of PDF."""

    name: str
    kind: Literal["csv", "xlsx", "pdf"]
    content: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Mail:
    """One message of the demo mailbox, and what a triage should do with it (`left`: not its business)."""

    number: int
    folder: str
    unread: bool
    date: dt.datetime
    sender: str
    sender_name: str
    subject: str
    body: str
    action: Action
    topic: str = ""
    html: bool = False
    to: str = OFFICE
    answers: int | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def message_id(self) -> str:
        """The Message-ID, with its angle brackets."""
        domain = self.sender.rpartition("@")[2]
        return f"<2026.{self.number:04d}@{domain}>"


_HOURS = Attachment(
    "hours 2026-10.csv",
    "csv",
    (
        ("Person", "Project", "Hours", "Day"),
        ("Jürgen Müller", "Stand build", "7.5", "2026-10-12"),
        ("Käthe Grünwald", "Stand build", "6.25", "2026-10-12"),
        ("Jürgen Müller", "Tasting", "3.0", "2026-10-13"),
    ),
)
_PRICES = Attachment(
    "prices.xlsx",
    "xlsx",
    (
        ("Article", "Name", "Price"),
        ("00417", "Rösti, 500 g", "3.49"),
        ("00418", "Läckerli, 250 g", "8.90"),
        ("01120", "Bündner Nusstorte", "17.50"),
    ),
)
_DAMAGES = Attachment(
    "damages.csv",
    "csv",
    (("Article", "Pieces", "Remark"), ("00417", "12", "box crushed"), ("00733", "3", "glass broken")),
)
_PDF = Attachment("R-2026-0173.pdf", "pdf", (("Invoice R-2026-0173",),))
_SCAN = Attachment("Lieferschein.pdf", "pdf", (("Lieferschein 88123",),))


def _at(day: int, hour: int, minute: int = 0, month: int = 10) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute)


_NEWS = (("List-Unsubscribe", "<mailto:unsubscribe@news.example>"), ("Precedence", "bulk"))
_AUTO = (("Auto-Submitted", "auto-replied"),)

MAILS: tuple[Mail, ...] = (
    # ---- unread in the inbox: questions that the FAQ answers
    Mail(1, "", True, _at(30, 8, 12), "dana@brooklynpantry.example", "Dana Whitfield", "Your bank details",
         "Hello,\n\nwe changed banks. Could you send me your bank details again?\n\nThanks\nDana",
         "answered", "Payments"),
    Mail(2, "", True, _at(30, 8, 40), "info@gruenwald.example", "Käthe Grünwald", "Rechnungskopie",
         "Guten Tag,\n\nbitte schicken Sie uns eine Rechnungskopie zu R-2026-0173.\n\nViele Grüße\nKäthe Grünwald",
         "answered", "Payments"),
    Mail(3, "", True, _at(30, 9, 5), "henri@maison-dubois.example", "Henri Dubois", "Delivery time?",
         "<p>Bonjour,</p><p>what is the <b>delivery time</b> for 40 boxes to Lille?</p><p>Henri</p>",
         "answered", "Orders", html=True),
    Mail(4, "", True, _at(30, 10, 30), "sam@greatlakeswholesale.example", "Sam Kowalski", "Prices 2026",
         "Hi,\n\nwhere do I find the current price list? Attached is the one I have.\n\nSam",
         "answered", "Orders", attachments=(_PRICES,)),
    Mail(5, "", True, _at(30, 11, 2), "anna@hofladen-weiss.example", "Anna Weiß", "Rücksendeschein für Gläser",
         "Hallo,\n\nich brauche einen Rücksendeschein für zwei Kisten.\n\nAnna Weiß", "answered", "Returns"),
    Mail(6, "", True, _at(31, 7, 55), "emre@cafe-oeztuerk.example", "Emre Öztürk", "Öffnungszeiten",
         "Moin, wie sind eure Öffnungszeiten am Lager?\n\nEmre", "answered", "General"),
    Mail(7, "", True, _at(31, 9, 20), "noah@laeckerli-shop.example", "Noah Meier", "Copy please",
         "Dear all,\n\nI need a duplicate of invoice R-2026-0201 for our auditor.\n\nNoah", "answered", "Payments"),
    # ---- unread in the inbox: for a person
    Mail(8, "", True, _at(30, 8, 20), "clara@weinhandlung-roth.example", "Clara Roth", "Mahnung R-2026-0044",
         "Guten Tag,\n\nIhre Mahnung ist nicht richtig, wir haben am 2. Oktober bezahlt. Die Überweisung liegt bei.\n\n"
         "Clara Roth", "assigned", "Payments", attachments=(_PDF,)),
    Mail(9, "", True, _at(30, 12, 45), "dirk@werkstatt-kessler.example", "Dirk Kessler", "Broken glasses",
         "Hello,\n\nhalf of the glasses arrived broken. The list is attached. What now?\n\nDirk Kessler",
         "assigned", "Returns", attachments=(_DAMAGES,)),
    Mail(10, "", True, _at(30, 14, 10), "linh@teehaus-lotus.example", "Linh Tran", "Bestellung 4471",
         "Hallo,\n\nkönnen wir die Bestellung 4471 noch um eine Palette erhöhen?\n\nLinh Tran", "assigned", "Orders"),
    Mail(11, "", True, _at(31, 10, 15), "eva@moebelhof.example", "Eva Straßburger", "Sommerfest",
         "Liebe Leute,\n\nwie jedes Jahr laden wir euch zu unserem Fest ein!\n\nEva", "assigned", "General"),
    Mail(12, "", True, _at(31, 11, 30), "earl@prairiegoods.example", "Earl Jensen", "Credit note",
         "<html><body><p>We still wait for a <i>credit note</i> over $&nbsp;120.00.</p><p>Earl</p></body></html>",
         "assigned", "Payments", html=True),
    Mail(13, "", True, _at(31, 16, 48), "bo@hafen7.example", "Bo Lindqvist", "Re: Price list",
         "That page asks for a password. Can you send the list itself?\n\nBo\n\n"
         "> The current price list is at https://portal.acme.example/prices.\n> Regards\n> acme",
         "assigned", "General", answers=29),
    # ---- unread in the inbox: machines, which nobody answers
    Mail(14, "", True, _at(30, 8, 21), "ralf@stadtmarkt-erfurt.example", "Ralf Böhm",
         "Automatische Antwort: Rechnung R-2026-0250",
         "Ich bin bis 9. November nicht im Haus. Fragen zur Lieferzeit beantwortet Frau Ahrens.\n", "set aside",
         headers=_AUTO),
    Mail(15, "", True, _at(30, 6, 0), "newsletter@handelsblick.example", "Handelsblick", "Trends: price list or app?",
         "<h1>Handelsblick</h1><p>Why the printed price list is back.</p><p><a href='https://handelsblick.example/u'>"
         "Unsubscribe</a></p>", "set aside", html=True, headers=_NEWS),
    Mail(16, "", True, _at(31, 3, 14), "mailer-daemon@mail.acme.example", "Mail Delivery System",
         "Undelivered Mail Returned to Sender", "The message to kontakt@zur-eule.example could not be delivered.\n",
         "set aside", headers=_AUTO),
    Mail(17, "", True, _at(31, 6, 0), "no-reply@paketdienst.example", "Paketdienst Blitz", "Your shipment 00340434",
         "Your delivery time: Monday, 9:00 to 12:00. This is an automatic message.\n", "set aside"),
    # ---- read already
    Mail(18, "", False, _at(12, 17, 30), "juergen@mueller-soehne.example", "Jürgen Müller", "Stunden Oktober",
         "Hallo,\n\nanbei die Stunden der ersten Hälfte.\n\nGruß\nJürgen", "left", attachments=(_HOURS,)),
    Mail(19, "", False, _at(14, 9, 0), "lena@acme.example", "Lena Hoffmann", "Statement in November",
         "The bank sends October's statement on the 2nd. I'll put it into the folder.\n\nLena", "left"),
    Mail(20, "", False, _at(20, 13, 5), "maike@elbe-kontor.example", "Maike Thomsen", "Lieferschein 88123",
         "Hallo,\n\nanbei der Lieferschein zur Lieferung von gestern.\n\nMaike Thomsen", "left", attachments=(_SCAN,)),
    Mail(21, "", False, _at(22, 15, 41), "giulia@bottega-rossi.example", "Giulia Rossi", "Grazie!",
         "Everything arrived in time, thank you.\n\nGiulia", "left"),
    Mail(22, "", False, _at(28, 10, 0), "reto@zuercher-spezereien.example", "Reto Frei", "Fwd: Rüebli, Läckerli, Rösti",
         "Siehe unten – passt das so?\n\nReto\n\n---------- Forwarded message ---------\nFrom: Noah Meier\n"
         "Subject: Rüebli, Läckerli, Rösti\n\nDrei Kisten von jedem.", "left"),
    # ---- newsletters, filed by hand so far
    Mail(23, "Newsletters", False, _at(1, 6, 0), "newsletter@handelsblick.example", "Handelsblick",
         "Trends: the autumn issue", "<h1>Handelsblick</h1><p>Autumn.</p><p>Unsubscribe</p>", "left", html=True,
         headers=_NEWS),
    Mail(24, "Newsletters", True, _at(8, 6, 0), "newsletter@handelsblick.example", "Handelsblick",
         "Trends: shelves without staff", "<h1>Handelsblick</h1><p>Shelves.</p><p>Unsubscribe</p>", "left", html=True,
         headers=_NEWS),
    Mail(25, "Newsletters", True, _at(16, 6, 0), "news@verband-grosshandel.example", "Verband Großhandel",
         "Verbandsnachrichten Oktober", "Neues aus dem Verband.\n\nAbbestellen: Antwort mit STOP.", "left",
         headers=_NEWS),
    Mail(26, "Newsletters", False, _at(23, 6, 0), "newsletter@handelsblick.example", "Handelsblick",
         "Trends: coffee", "<h1>Handelsblick</h1><p>Coffee.</p><p>Unsubscribe</p>", "left", html=True, headers=_NEWS),
    # ---- sent
    Mail(27, "Sent", False, _at(19, 11, 20), OFFICE, "acme", "Invoice R-2026-0298",
         "Dear Marco Bianchi,\n\nplease find our invoice attached.\n\nRegards\nacme", "left",
         to="accounts@ticino-mercato.example", attachments=(_PDF,)),
    Mail(28, "Sent", False, _at(22, 16, 2), OFFICE, "acme", "Re: Grazie!", "Our pleasure.\n\nRegards\nacme", "left",
         to="giulia@bottega-rossi.example", answers=21),
    Mail(29, "Sent", False, _at(29, 9, 33), OFFICE, "acme", "Re: Price list",
         "The current price list is at https://portal.acme.example/prices.\n\nRegards\nacme", "left",
         to="bo@hafen7.example"),
    Mail(30, "", False, _at(29, 9, 1), "bo@hafen7.example", "Bo Lindqvist", "Price list",
         "Hej, do you have a new price list?\n\nBo", "left"),
)  # fmt: skip
"""The 30 mails."""
