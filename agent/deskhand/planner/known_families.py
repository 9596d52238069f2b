"""Words of office English that stand for each other: what different people call the same thing or the same act.

Three tables: wordings that are replaced by one (`SYNONYMS`, `TURNS`), families whose members may stand for each
other where a process knows one of them (`FAMILIES`), and forms of verbs. A word of two families is in both, and a
family's members need not mean the same in every sentence: a process's own words say which are meant.

It refuses to know any process. A word that would turn one act into another harmful one (`settle`, `pay`, `forward`,
`delete`) is in no family.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What means the same in every office. Words that only one process takes for the same belong into its `phrases:`.
SYNONYMS: dict[str, str] = {
    "e mail": "mail", "email": "mail", "message": "mail", "mailbox": "inbox", "mail box": "inbox",
    "in box": "inbox", "in tray": "inbox", "e mail inbox": "inbox", "mail inbox": "inbox", "email inbox": "inbox",
    "supplier": "vendor", "bill": "invoice", "late": "overdue", "past due": "overdue", "past their due date": "overdue",
    "past its due date": "overdue", "past the due date": "overdue", "past due date": "overdue", "belated": "overdue",
    "beyond their due date": "overdue", "over the due date": "overdue", "past their date": "overdue",
    "past the deadline": "overdue", "past their deadline": "overdue", "over due": "overdue", "delinquent": "overdue",
    "behind on their": "overdue", "behind with their": "overdue", "behind on": "overdue", "behind with": "overdue",
    "in arrear": "overdue", "late on their": "overdue", "late with their": "overdue",
    "not yet paid": "unpaid", "unsettled": "unpaid", "still unpaid": "unpaid", "yet unpaid": "unpaid",
    "still open": "open", "still outstanding": "outstanding", "past due and unpaid": "overdue unpaid",
    "bank account statement": "statement", "account statement": "statement", "bank extract": "statement",
    "statement from the bank": "statement", "statement of the bank": "statement",
    "e mails": "mail", "new mail": "unread mail", "unopened": "unread",
    "every": "", "each": "", "any": "", "every single": "",
    "maximum": "most", "max": "most", "at the most": "at most", "no more than": "at most", "not more than": "at most",
    "compare": "match", "cross check": "check", "verify": "check", "look at": "check", "look over": "check",
    "look into": "check", "go over": "check",
    "have a look at": "check", "take a look at": "check", "have a look": "check", "take a look": "check",
    "according to": "with", "bank statement": "statement", "get in touch with": "contact", "look through": "go through",
    "work through": "go through", "respond to": "answer", "work off": "clear", "get through": "go through",
    "reply to": "answer", "email out": "send", "mail out": "send", "fire off": "send",
    "write back to": "answer", "get back to": "answer", "reply": "answer", "respond": "answer", "response": "answer",
    "nudge": "remind", "a nudge": "reminder", "gentle nudge": "reminder", "friendly nudge": "reminder",
    "record": "book", "enter": "book", "register": "book", "post": "book", "tidy": "clear",
    "clean": "clear", "organise": "sort", "organize": "sort", "incoming payment": "payment", "line up": "match",
    "received payment": "payment", "yet": "", "process": "handle", "deal with": "handle", "take care of": "handle",
    "look after": "handle", "see to": "handle", "attend to": "handle", "tackle": "handle",
    "everyone": "everybody", "all those who": "everybody who", "new email": "unread mail", "new message": "unread mail",
    "incoming mail": "unread mail", "incoming email": "unread mail", "payment received": "payment", "query": "question",
    "enquiry": "question", "inquiry": "question", "frequently asked question": "faq", "frequent question": "faq",
    "faq answer": "faq", "faq workbook": "faq", "faq sheet": "faq", "faq list": "faq", "faq file": "faq",
    "faq excel": "faq", "faq spreadsheet": "faq", "f a q": "faq",
    "queue": "inbox", "support queue": "support inbox", "ticket queue": "support inbox",
    "allocate": "assign", "distribute": "assign", "helpdesk": "support", "help desk": "support",
    "customer service": "support", "customer support": "support", "service desk": "support",
    "check off": "tick off", "cross off": "tick off", "mark off": "tick off", "hand out": "assign",
    "hand over": "assign", "hand off": "assign", "hand on": "assign", "share out": "assign", "divvy up": "assign",
    "deal out": "assign", "give out": "assign", "parcel out": "assign", "split among": "assign to",
    "split up": "assign", "pass out": "assign", "delegate": "assign", "pass on to": "assign to",
    "sort out": "sort", "sort through": "sort", "figure out": "find out", "work out": "find out",
    "run after": "chase", "go after": "chase", "chase up": "chase", "chase down": "chase", "jog": "remind",
    "poke": "remind", "prod": "remind", "get on to": "chase",
    "the book": "ledger", "our book": "ledger", "book of account": "ledger", "receivable": "open invoice",
    "account receivable": "open invoice", "open item": "open invoice", "open receivable": "open invoice",
    "money received": "payment", "incoming money": "payment", "money that came in": "payment",
    "bank rec": "bank reconciliation", "bank recon": "bank reconciliation", "recon": "reconciliation",
    "rec": "reconciliation", "tie up": "match", "tie out": "match", "square up": "square", "tally": "match",
    "pair up": "match", "pair": "match", "hold against": "match", "cross reference": "match", "crosscheck": "check",
    "team member": "colleague", "coworker": "colleague", "co worker": "colleague", "teammate": "colleague",
    "person in charge": "colleague", "person responsible": "colleague", "whoever is responsible": "colleague",
    "whoever responsible": "colleague", "responsible": "right", "appropriate": "right", "correct": "right",
    "suitable": "right", "proper": "right", "relevant": "right", "respective": "right", "corresponding": "right",
    "client": "customer", "case": "ticket", "spread sheet": "spreadsheet", "ppl": "people",
    "inv": "invoice", "stmt": "statement", "pymt": "payment", "w": "with", "thru": "through", "pmt": "payment",
    "topic folder": "topic", "subject folder": "topic", "folder by topic": "topic", "folder": "topic",
    "q": "question", "qs": "question", "msg": "mail", "lvl": "level", "cust": "customer", "acct": "account",
    "rpt": "report", "subject area": "topic", "overall picture": "overview", "big picture": "overview",
    "knowledge base": "faq", "out of": "from", "in line with": "with", "as well as": "and", "2nd": "second",
    "3rd": "third", "1st": "first", "ccing": "cc", "stuff": "", "frequently asked one": "faq",
    "according to topic": "topic", "theme": "topic", "subject": "topic", "subject matter": "topic",
}  # fmt: skip
"""From every wording, as singular words, to the one that stands for it; an empty one says nothing of its own."""

_FITS = (
    "(?:fit|match|add up|tie out|tie up|tie|reconcile|agree|balance|line up|square|tally|belong|go anywhere|correspond)"
)
_WHICH = (
    "(?:(?:all|everything|anything|whatever|what|those|the ones?|ones?|any|items?|lines?|amounts?|payments?)"
    "(?: of it| else)?(?: that| which)?|that|which)"
)
# Turns of speech, found in the words joined by spaces (across a comma only where a list has one).
TURNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?<![^\s]){pattern}(?![^\s])"), one)
    for pattern, one in (
        (rf"{_WHICH}(?: still)? (?:does|do|did|would|will) not(?: quite)? {_FITS}(?: up| out)?", "mismatches"),
        (rf"{_WHICH} (?:can|could) not be (?:matched|reconciled|assigned|placed|allocated|booked)", "mismatches"),
        (rf"{_WHICH} cannot be (?:matched|reconciled|assigned|placed|allocated|booked)", "mismatches"),
        (rf"{_WHICH} (?:is|are|s|was|were|remains?|stays?|looks?|seems?) (?:unmatched|unreconciled|off|unclear|odd"
         r"|wrong|strange|unexplained|left unmatched)", "mismatches"),
        (r"(?:the )?(?:odd|strange|weird|problem|problematic|doubtful|unclear|unassigned|unallocated) (?:ones?|items?"
         "|lines?|payments?|cases)|(?:anything|whatever|everything) (?:odd|strange|weird|unclear|off|unusual"
         "|unallocated|problematic)|oddities|stragglers|strays", "mismatches"),
        (rf"{_WHICH} (?:differs?|deviates?|is different|remains?|stays? open)", "mismatches"),
        ("(?:what|whatever) (?:is|s|was)(?: still)? (?:left over|left|over|missing)(?= |$)", "leftovers"),
        ("(?:all |any |the )?(?:unmatched|unreconciled|unexplained)(?: ones?| items?| lines?| payments?| entries)?",
         "mismatches"),
        ("left ?overs?|left over", "leftovers"),
        (r"(?:what|whatever) ?(?:is|s) (?:still )?(open|unpaid|overdue|unread)", r"\1"),
        ("(?:what|whatever|everything that|anything that|all that) (?:was|is|has been|s been|got|were|s) paid",
         "payments"),
        ("(?:what|whatever|everything that|all that|the money that|the money which|money that) "
         "(?:has |have |s )?(?:come|came|comes) in", "payments"),
        ("(?:everything|everyone|all|anything|anybody|whatever) else|(?:all )?the (?:other|remaining) ones?|the others?"
         "|the remainder|the remaining|what(?:ever)? remains", "the rest"),
        ("(?:(?:what|whatever|those|anything|everything|the ones)(?: that| which)?|where|if|when|in case) (?:you|it|we)"
         "(?: really)? (?:ca not|can not|cannot)(?: (?:answer|be answered|match|place|do|handle))?(?: yourself| it"
         "| them| that)?", "the rest"),
        (r"(?:the |all |all the |anything |everything |any )?(?:unknown|unrecogni[sz]ed|unanswered|unanswerable)"
         r"(?: ones?| questions?| mails?| requests?| things?)?(?= (?:\x01|and|to|by|into|with|go|get|is|are)|$)",
         "the rest"),
        (r"(?:for |with )?(?:any|all|those|the|every)(?:thing|one)? (?:of it |of them )?(?:that|which|what)"
         r" (?:is|are|s) (?:left(?: over)?|remaining|unknown|new to us)", "the rest"),
        ("no match|non matches|no matches|failures to match", "mismatches"),
        (r"use ((?:\w+ ){1,4}?)(?:to|for) (?:answer(?:ing)?|reply(?:ing)?)(?: to)?", r"answer with \1"),
        (r"use ((?:\w+ ){1,4}?)to (match|reconcile|check|update|remind|sort|tick|mark|clear)", r"\2 with \1"),
        (r"either ((?:\w+ ){1,8}?)or", r"\1and"),
        (r"(answered|replied to|filed|assigned|forwarded|sorted|handled|matched|booked|reported) "
         r"((?:\w+ ){0,4}?)or(?: else)? (?=\w+ed )", r"\1 \2and "),
        (r"(?:get|bring|take|work) ((?:\w+ ){1,4}?)(?:down )?to (?:zero|empty|nothing)", r"clear \1"),
        (r"(?:the |all the |all )?(?:late|overdue|slow|tardy|defaulting) (?:ones?|payers?|people|folks?|guys)",
         "late payers"),
        (r"(?:let|tell|inform|notify|advise) (.{3,40}?)(?: know)? (?:that|about the fact that) (?:their|they|its?|the)"
         r" (?:(?:open|unpaid) )?(?:invoices?|bills?|payments?|re|are)(?: (?:is|are|s|have become|has become))?"
         r" (?:overdue|late|past due)", r"remind \1 with overdue invoices"),
        (r"(tell|inform|notify|brief|report to|report|update|give|show|let)((?: \w+){0,4}?) (?:about |on |of |know )?"
         r"(?:who|what|whatever|which|how much|how many)(?: vendors?| invoices?| mails?)? (?:got|gets|received|was|were"
         r"|has been|have been|you|went|happened|came|s been)(?: (?:what|which|a|one|it|sent|done|found|changed"
         r"|booked|matched|did|out|to|whom|who|whoever|reminded|reminders?|level|letters?|assigned|answered"
         r"|of it))*(?= \x01|$)",
         r"\1\2"),
        ("let (?:us|me) know", "tell me"),
        ("(?:the )?frequently asked (?:questions?|ones?)", "faq"),
        ("(?:the )?(?:standard|canned|stock) (?:answers?|replies|responses)", "faq"),
        ("(?:the ones?|those|what|whatever|everything|anything|all)(?: that| which)? (?:the |our )?faq"
         "(?: workbook)? (?:covers?|answers?|knows?)", "what you can from the faq"),
        ("(?:the ones?|those|what|whatever|everything|anything|all)(?: that| which)? (?:is|are|s) (?:covered by|in) "
         "(?:the |our )?faq(?: workbook)?", "what you can from the faq"),
        ("(?:the ones?|(?:all )?(?:the )?(?:questions?|mails?|requests?|messages)|those|what|whatever|everything"
         "|anything)(?: (?:that|which))?(?: (?:is|are|s))? (?:covered|answered|handled|found|listed)(?: (?:by|in|from"
         "|with))(?: the| our)? faq(?: workbook)?", "what you can from the faq"),
        ("(?:all )?(?:the )?(?:questions?|mails?|requests?|messages|whatever|what|everything|anything|those)"
         "(?: (?:that|which))? you (?:(?:already )?know (?:the |an )?answers? (?:to|for|of)|have (?:the |an )?answers?"
         " (?:to|for|of)|know how to answer)", "what you can"),
        (r"((?:incoming )?(?:payments?|money|mails?|emails?|messages|questions|requests)) (?:that|which)"
         r"(?: (?:have|has|just))? (?:come|came) in(?= \x01|$)", r"\1"),
        ("faq ones", "faq questions"),
        (r"(?:prepare|draft|create|write|make) and (send|issue|mail|dispatch)", r"\1"),
        ("(?:what|whatever|anything|everything|those|the ones)(?: that| which)? (?:does|do) not(?= \x01|$)",
         "mismatches"),
        ("(?:what|whatever|everything|all)(?: that| which)? (?:matches|fits|matched|agrees|is matched)", "payments"),
        ("(?:what|whatever|anything|everything)(?: that| which)? (?:the |our )?faq ca not (?:answer|cover)",
         "the rest"),
        (r"bring ((?:\w+ ){1,4}?)(?:in line|into line|in sync|into agreement|together) with", r"match \1with"),
        (r"let ((?:\w+ ){1,4}?)(?:have|handle|look after|take care of) (?:it|them|those|these|the rest)",
         r"assign it to \1"),
        (r"(?:who|that|which) (?:is|are|re|s) (?:still )?(?:behind|late|in arrears)(?: (?:on|with|in) (?:their |the )?"
         r"(?:invoices?|bills?|payments?|paying))", "with overdue invoices"),
        ("(?:the )?(?:known|common|easy|standard|usual|recurring|routine|simple) ones?", "the known questions"),
        ("(?:1st|first)(?: \1)? (?:2nd|second)(?: \1)? (?:or|and) (?:3rd|third)", "level"),
        (r"(?:have|has) not (?:yet )?(?:paid|settled)(?: (?:us|up|yet|so far|on time|their invoices?|their bills?|their"
         r" overdue invoices?|their open invoices?))*", "have not paid"),
        (r"(?:do|does|did) not (?:pay|settle)(?: (?:us|up|yet|so far|on time|their invoices?|their bills?))*",
         "have not paid"),
        ("(?:still )?owes? us(?: some)?(?: money| something)?", "owe us money"),
        ("(?:that |which )?they (?:still )?(?:have not|did not|never)(?: yet)? (?:paid|settled)(?: yet)?", "unpaid"),
        ("(?:is |are |s )?(?:late|behind)(?: in| with| on)? paying", "overdue"),
        ("to (?:settle|pay|clear)(?: up)?(?: their| the| all| any| our)*(?= )", "to pay their"),
        (r"every(?:thing|body|one) (?:that is |which is |that s |who is |who s )?(overdue|unpaid|unread|open)",
         r"all \1"),
        ("((?:incoming )?(?:payments?|money|mails?|emails?|messages|questions|requests)) (?:that |which )?"
         r"(?:we|i|us)(?: have| ve| just)*(?: received| got| had)", r"\1"),
        ("(?:what|whatever|everything|anything|those|the ones?|questions?)(?: that| which)? (?:is|are|s|re) not "
         "(?:in|covered by|answered by|answerable from) (?:the |our )?faq", "the rest"),
        ("(?:what|whatever|everything|anything|those|the ones?|questions?)(?: that| which)? (?:the |our )?faq"
         " (?:does|can) "
         "not (?:cover|answer|know)", "the rest"),
        (r"(?:hand|pass|give|deal|share|dish|farm) ((?:\w+ ){1,4}?)(?:over|out|on|off|around)(?= to| among| between|$)",
         r"assign \1"),
        (r"(?:tick|check|cross|mark) ((?:\w+ ){1,5}?)off", r"tick off \1"),
        ("(?:according to|as per|based on|going by|on the basis of|by means of|with the help of)", "with"),
        ("(?:which|that|who) (?:is|are|were|was|s) (?:already |still |now )?(?:over ?due|late|past (?:(?:the"
         "|their|its) )?due(?:"
         " date)?)", "overdue"),
        ("(?:that|which) (?:still )?(?:have|has) not (?:yet )?paid", "who have not paid"),
        ("(?:whatever|everything|anything|the ones|those)(?: that)? you can", "what you can"),
        (r"whose (?:open )?(\w+) (?:is|are) (?:already |still |now )?(overdue|late|unpaid|outstanding|open"
         r"|(?:past|beyond|over) (?:(?:the|their|its) )?due(?: dates?)?)",
         r"with \2 \1"),
        (r"(\w+) (?:that|which) (?:were|was|have been|has been|s been|got|are|is)(?: already)? (?:paid|settled)",
         r"paid \1"),
        (r"(?:(?:open|unpaid|all) )?(invoices?|bills?|payments?|everything|anything|whatever|items?|vendors?"
         r"|suppliers?|balances?) (?:that |which )?(?:is |are |s |re )?(?:already |still |now )?"
         r"(?:past|beyond|over)(?: the| their| its)?(?: payment)? (?:due(?: dates?)?|deadlines?|terms)",
         r"overdue \1"),
        (r"(?:beyond|past)(?: the| their| its)? due(?: dates?)?", "overdue"),
        (r"(?:everything|anything|whatever)(?: that| which)?(?: is| s)? overdue|overdue (?:everything|anything"
         r"|whatever)", "overdue invoices"),
        ("(?:that|who|which) (?:have|has|got|have got)(?= (?:an? |the |any |some )?(?:overdue|unpaid|open"
         "|outstanding|late"
         "|unread|new)(?: |$))", "with"),
        ("(?:which|that) (?:is|are) (?:still )?(?:open|unpaid|outstanding)", "unpaid"),
        (r"let (?:the |our )?(\w+) know", r"tell the \1"),
        (r"keep (?:the |our )?(\w+) (?:posted|informed|in the loop|updated|up to date)", r"tell the \1"),
        ("(?:in|into) (?:their |the |its |his )?(?:own |right |respective |proper |matching |topic |correct )*folders?",
         "by topic"),
        ("(?:by|per|according to|depending on|based on|under|into|in|to) (?:the |their |its |each |right )*topic(?:s|"
         " folders?)?", "by topic"),
        ("(?:the )?same (?:person|sender|customer|mail|invoice)", "one sender"),
    )
)  # fmt: skip

TURNING = frozenset(
    """prepare draft create write make
    not cannot which that what whatever everything everyone anything anybody all those one ones rest other
    others remainder remaining remains unmatched unreconciled unexplained leftover leftovers left faq frequently
    standard canned stock known common easy usual recurring routine simple first 1st owe who let keep folder
    folders topic topics same money hand pass give deal share dish farm tick check cross mark according per
    based going basis means help owes covered know bring have use either or get past beyond tell inform notify
    advise brief report show update odd strange weird problem unclear oddities stragglers strays unknown
    unrecognized unrecognised unanswered unanswerable match matches overdue slow tardy no whose they late behind
    to every received got had""".split()  # noqa: SIM905
)
"""Every turn of speech has one of these words."""

FAMILIES: tuple[frozenset[str], ...] = tuple(
    frozenset(word.strip() for word in line.split(","))
    for line in """
remind, chase, dun, prompt, ping, follow, nag, pester, badger, hound, press, prod
send, issue, deliver, dispatch
write, mail
match, reconcile, square, align, map, link, balance, agree, pair
match, check, review
tick, mark
book, apply, credit
assign, apply
find, see, identify, determine, spot
triage, sort, handle, screen, work, categorise, categorize, classify
clear, empty
answer, handle
file, sort, move, put, store, place, categorise, categorize
assign, route, split, divide, spread, give, pass, dispatch, hand, refer, allot
report, flag, highlight, list, note, raise, show, summarise, summarize, point, tell, collect
tell, inform, notify, brief, update, report, cc, copy, copied
report, summary, overview, result, findings, finding
vendor, payer, debtor
everybody, people, anybody, anyone, those
overdue, outstanding
open, unpaid, outstanding
not paid, overdue, unpaid, owe
reminder, notice, letter, dunning, chaser, demand, nudge, mailing
level, stage, step
payment, receipt, transaction, transfer, deposit, remittance, credit, line, entry, movement
line, item, entry, transaction
statement, export, feed
statement, bank
ledger, system, accounting
question, request, ticket
support, help, service
invoice, amount, debt
known, common, standard, usual, frequent, recurring, routine, familiar
rest, other, remainder, remaining, leftover, remain
mismatch, discrepancy, difference, exception, leftover, rest, deviation, inconsistency, anomaly, missing, oddity
colleague, team, staff, person, agent, somebody, someone, owner, specialist, expert, people, employee, department
topic, category, area, label
unread, new, incoming, open, unanswered, unprocessed
sender, person
answer, reply, response
controller, controlling
grace, leeway, slack
tolerance, leeway, tolerate
gap, pause, interval, distance, apart, between, spacing
""".strip().splitlines()
)
"""Words that may stand for each other where a process knows one of the family."""

_SAME_ACT = frozenset(
    number
    for number, family in enumerate(FAMILIES)
    if family & {"chase", "reconcile", "empty", "route", "identify", "triage"}
)
FAMILIES_OF: dict[str, frozenset[int]] = {}
for _number, _family in enumerate(FAMILIES):
    for _word in _family:
        FAMILIES_OF[_word] = FAMILIES_OF.get(_word, frozenset()) | {_number}

VERBS = frozenset(
    """
reconcile match check compare book post record enter register send mail write remind chase dun nudge triage sort
answer file assign clear process handle go work route forward distribute organise organize tidy clean reply respond
import export update create close open review list report total print pay invoice settle allocate dispatch order
clarify archive move notify inform contact call schedule prepare issue apply follow square tick mark flag highlight
tell brief put place store delegate hand pass give split divide spread empty tackle deal look take email find see line
note raise show summarise summarize collect credit get let identify balance pair map link align deliver categorise
categorize classify prompt ping nag pester badger hound refer allot press agree screen
share leave keep do cc copy let cross tie verify point attach save make
""".split()  # noqa: SIM905
)
_IRREGULAR = {
    "sent": "send", "written": "write", "gone": "go", "dunned": "dun", "dunning": "dun", "paid": "pay", "put": "put",
    "given": "give", "split": "split", "told": "tell", "found": "find", "dealt": "deal", "taken": "take", "done": "do",
    "seen": "see", "shown": "show", "left": "leave", "kept": "keep", "gotten": "get", "made": "make",
}  # fmt: skip
NOUNS = {"reconciliation": "reconcile", "triage": "triage", "triaging": "triage", "matching": "match",
         "reconciling": "reconcile", "comparison": "match", "sorting": "sort", "booking": "book",
         "clearing": "clear", "handling": "handle", "processing": "handle"}  # fmt: skip


def _inflected(verb: str) -> Iterator[tuple[str, str]]:
    stem = verb[:-1] if verb.endswith("e") else verb
    past = f"{verb[:-1]}i" if verb.endswith("y") and verb[-2] not in "aeou" else stem
    yield f"{past}ed", "past"
    yield f"{stem}ing", "gerund"
    if re.fullmatch(r"\w?[^aeiou][aeiou][bdgmnprt]", verb):
        yield f"{verb}{verb[-1]}ed", "past"
        yield f"{verb}{verb[-1]}ing", "gerund"


PAST = {form: verb for verb in sorted(VERBS) for form, kind in _inflected(verb) if kind == "past"} | {
    form: verb for form, verb in _IRREGULAR.items() if not form.endswith("ing")
}
GERUND = {form: verb for verb in sorted(VERBS) for form, kind in _inflected(verb) if kind == "gerund"} | {
    "dunning": "dun"
}


def related(word: str, known: frozenset[str]) -> frozenset[str]:
    """Which of the known words a word can stand for: itself, else its families' members."""
    itself = frozenset({word}) & known
    if itself and word in VERBS:  # an act that the process knows by its name is no other, unless it is the same act
        return itself.union(*(FAMILIES[number] & known for number in FAMILIES_OF.get(word, ()) if number in _SAME_ACT))
    bound, _, base = word.rpartition(" ")
    if word in FAMILIES_OF:
        bound, base = "", word
    lead = f"{bound} " if bound else ""
    members = frozenset(lead + member for number in FAMILIES_OF.get(base, ()) for member in FAMILIES[number])
    found = itself | (members & known)
    return found | (frozenset({f"from {word}"}) & known)  # `with the FAQ` for `from the FAQ`
