"""Who the demo office deals with: its vendors, its own people and its accounts.

acme is a wholesaler. Its vendors are the shops that sell its goods; acme invoices them and they pay by bank
transfer. Every name, address and account number is made up (`.example` domains, IBANs with a bank code that
no bank has); nothing here reads or writes files.
"""

from __future__ import annotations

from dataclasses import dataclass

OFFICE = "office@acme.example"
"""The office's own address: it sends from there, and what it sends itself lands in its inbox."""


@dataclass(frozen=True)
class Vendor:
    """A shop that sells acme's goods. `email` is None or blank where nobody ever asked for it."""

    id: int
    name: str
    domain: str
    email: str | None
    iban: str
    country: str
    city: str
    currency: str
    contact: str
    terms: int
    """Days until an invoice is due."""


@dataclass(frozen=True)
class Member:
    """A colleague who takes the mails of one topic."""

    id: int
    name: str
    email: str
    topic: str


# name, domain, country, city, currency, contact
_VENDORS = [
    ("Müller & Söhne GmbH", "mueller-soehne", "DE", "Köln", "EUR", "Jürgen Müller"),
    ("Bäckerei Grünwald", "gruenwald", "DE", "München", "EUR", "Käthe Grünwald"),
    ("Nordlicht Handel GmbH", "nordlicht-handel", "DE", "Kiel", "EUR", "Hauke Petersen"),
    ("Süßwaren Krüger KG", "krueger-suess", "DE", "Lübeck", "EUR", "Ines Krüger"),
    ("Café Öztürk", "cafe-oeztuerk", "DE", "Berlin", "EUR", "Emre Öztürk"),
    ("Hofladen Weiß", "hofladen-weiss", "DE", "Ulm", "EUR", "Anna Weiß"),
    ("Feinkost Jäger e.K.", "feinkost-jaeger", "DE", "Bremen", "EUR", "Tom Jäger"),
    ("Lindner Bürobedarf GmbH", "lindner-buero", "DE", "Leipzig", "EUR", "Sabine Lindner"),
    ("Papierhaus Schröder", "papierhaus-schroeder", "DE", "Hannover", "EUR", "Uwe Schröder"),
    ("Elbe Kontor GmbH", "elbe-kontor", "DE", "Hamburg", "EUR", "Maike Thomsen"),
    ("Stadtmarkt Erfurt eG", "stadtmarkt-erfurt", "DE", "Erfurt", "EUR", "Ralf Böhm"),
    ("Weinhandlung Roth", "weinhandlung-roth", "DE", "Mainz", "EUR", "Clara Roth"),
    ("Bioladen Sonnenblume", "sonnenblume", "DE", "Freiburg", "EUR", "Miriam Vogel"),
    ("Teehaus Lotus GmbH", "teehaus-lotus", "DE", "Dresden", "EUR", "Linh Tran"),
    ("Kaffeerösterei Hafen 7", "hafen7", "DE", "Rostock", "EUR", "Bo Lindqvist"),
    ("Werkstatt Kessler OHG", "werkstatt-kessler", "DE", "Kassel", "EUR", "Dirk Kessler"),
    ("Buchhandlung Zur Eule", "zur-eule", "DE", "Göttingen", "EUR", "Renate Adler"),
    ("Gärtnerei Blümchen", "gaertnerei-bluemchen", "DE", "Potsdam", "EUR", "Felix Blum"),
    ("Möbelhof Straßburger", "moebelhof", "DE", "Karlsruhe", "EUR", "Eva Straßburger"),
    ("Apotheke am Ring", "apotheke-ring", "DE", "Essen", "EUR", "Dr. Nils Hartmann"),
    ("Delikat Wien GmbH", "delikat-wien", "AT", "Wien", "EUR", "Franz Huber"),
    ("Alpenladen Innsbruck", "alpenladen", "AT", "Innsbruck", "EUR", "Resi Moser"),
    ("De Gouden Leeuw B.V.", "goudenleeuw", "NL", "Utrecht", "EUR", "Sanne de Vries"),
    ("Kaashuis Jansen", "kaashuis-jansen", "NL", "Gouda", "EUR", "Piet Jansen"),
    ("Épicerie Lefèvre", "epicerie-lefevre", "FR", "Lyon", "EUR", "Chloé Lefèvre"),
    ("Maison Dubois SARL", "maison-dubois", "FR", "Lille", "EUR", "Henri Dubois"),
    ("Bottega Rossi S.r.l.", "bottega-rossi", "IT", "Verona", "EUR", "Giulia Rossi"),
    ("Almacén García S.L.", "almacen-garcia", "ES", "Valencia", "EUR", "Íñigo García"),
    ("Zürcher Spezereien AG", "zuercher-spezereien", "CH", "Zürich", "CHF", "Reto Frei"),
    ("Berner Kontor AG", "berner-kontor", "CH", "Bern", "CHF", "Ursina Aebi"),
    ("Basler Läckerli Shop", "laeckerli-shop", "CH", "Basel", "CHF", "Noah Meier"),
    ("Comptoir du Léman SA", "comptoir-leman", "CH", "Lausanne", "CHF", "Aline Favre"),
    ("Ticino Mercato Sagl", "ticino-mercato", "CH", "Lugano", "CHF", "Marco Bianchi"),
    ("Luzerner Haushalt GmbH", "luzerner-haushalt", "CH", "Luzern", "CHF", "Vreni Odermatt"),
    ("Brooklyn Pantry LLC", "brooklynpantry", "US", "New York", "USD", "Dana Whitfield"),
    ("Prairie Goods Inc.", "prairiegoods", "US", "Omaha", "USD", "Earl Jensen"),
    ("Cascade Trading Co.", "cascadetrading", "US", "Seattle", "USD", "Priya Raman"),
    ("Harbor & Pine LLC", "harborandpine", "US", "Portland", "USD", "Jo O'Neill"),
    ("Magnolia Market Supply", "magnoliasupply", "US", "Austin", "USD", "Lucía Ortega"),
    ("Great Lakes Wholesale", "greatlakeswholesale", "US", "Chicago", "USD", "Sam Kowalski"),
]
_NO_EMAIL = {9: None, 18: ""}
"""Vendors whose address was never asked for: null in one row, blank in the other, as ledgers have it."""

TEAM = (
    Member(1, "Lena Hoffmann", "lena@acme.example", "Payments"),
    Member(2, "Jonas Keller", "jonas@acme.example", "Payments"),
    Member(3, "Amira Haddad", "amira@acme.example", "Orders"),
    Member(4, "Paul Brandt", "paul@acme.example", "Returns"),
    Member(5, "Amira Haddad", "amira@acme.example", "General"),
    Member(6, "Paul Brandt", "paul@acme.example", "General"),
)

# number, name, kind
ACCOUNTS = (
    ("1000", "Cash", "asset"),
    ("1200", "Bank, EUR", "asset"),
    ("1210", "Bank, CHF", "asset"),
    ("1220", "Bank, USD", "asset"),
    ("1400", "Trade receivables", "asset"),
    ("1600", "Trade payables", "liability"),
    ("1776", "VAT 19%", "liability"),
    ("2100", "Discounts granted", "expense"),
    ("4100", "Wages", "expense"),
    ("4210", "Rent", "expense"),
    ("4930", "Office supplies", "expense"),
    ("4970", "Bank charges", "expense"),
    ("8120", "Sales, third countries", "revenue"),
    ("8125", "Sales, EU", "revenue"),
    ("8400", "Sales, domestic", "revenue"),
)


def sales_account(country: str) -> str:
    """The revenue account that an invoice to that country is booked on."""
    if country == "DE":
        return "8400"
    return "8120" if country in ("CH", "US") else "8125"


def vendors() -> list[Vendor]:
    """The 40 vendors, by id from 1."""
    made = []
    for number, (name, domain, country, city, currency, contact) in enumerate(_VENDORS, start=1):
        email = _NO_EMAIL.get(number, f"accounts@{domain}.example")
        terms = 14 if number % 3 else 30
        made.append(
            Vendor(number, name, domain, email, _iban(number, country), country, city, currency, contact, terms)
        )
    return made


def _iban(number: int, country: str) -> str:
    """An account number with valid check digits, at a bank code that nobody has."""
    if country == "US":
        return f"99900{number:03d}4711"  # no IBANs there: the bank prints the account number
    body = f"99999999{number:010d}"
    digits = "".join(str(int(letter, 36)) for letter in f"{body}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{body}"
