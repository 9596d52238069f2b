"""Whether a request is in a language that the shipped planner doesn't understand: it has learnt English alone.

Told by the small words that every sentence has, or by its script. Names, values and single words of other languages
are at home in English requests. This module refuses to tell languages apart any further than its answer needs.
"""

from __future__ import annotations

import re
import unicodedata

_SMALL = {
    "English": """the a an of to and or in on for with from that this these those all is are was were which who whose
        what when where how many much please pls me my our we us i you your they them their it its not no than then if
        any every each have has had been do does did can could should would by at as but only up out into over under
        since until last next give show send tell list still yet more most least""",
    "German": """der die das den dem des und oder nicht ein eine einen einem einer ist sind wurde wurden wird werden
        bitte mit von für fuer auf im zum zur aus nach seit bei ich wir uns mir unsere unserer unseren welche welcher
        welches wer wie viele noch kein keine keinen über ueber sich auch alle allen haben hat schick schicke schreib
        zeig zeige""",
    "French": """le les un une des du et ou est sont avec pour dans sur qui que quels quelles combien toutes tous
        nous notre nos je moi vous plaît plait pas les aux au ont été envoie montre chaque""",
    "Spanish": """el los las un una unos unas es son con para por en que cuáles cuales cuántos cuantos
        cuántas cuantas todos todas nuestro nuestra nuestros nosotros favor han sido envía envia cada quién""",
    "Italian": """il gli le un una di della dei delle sono con che quali quante quanti tutti tutte
        nostro nostra nostri favore hanno ogni chi manda""",
    "Dutch": """het een en zijn met voor van op die dat welke onze wij ik niet alle hebben heeft wie hoeveel stuur
        nog""",
    "Portuguese": """os uma da dos das são com para por que não quais quantos quantas todos todas nosso
        nossa favor foram cada quem""",
    "Polish": """że jest są nie wszystkie wszystkich które którzy proszę nam ile kto oraz dla""",
}
_WORDS = {name: frozenset(text.split()) for name, text in _SMALL.items()}
# Left out: words of one letter, which are codes as often as words, and those that stand in names (de, la, del).
_WORD = re.compile(r"[^\W\d_]+")


def foreign(request: str) -> str:
    """The language that the request plainly is in, or "in another script".

    Empty for English, and for what can't be told.
    """
    letters = [letter for letter in request if letter.isalpha()]
    if letters and sum("LATIN" not in unicodedata.name(letter, "") for letter in letters) > len(letters) / 2:
        return "in another script"
    words = [word.casefold() for word in _WORD.findall(request)]
    counts = {name: sum(word in small for word in words) for name, small in _WORDS.items()}
    english = counts.pop("English")
    name, most = max(counts.items(), key=lambda one: one[1])
    return name if most >= 2 and most > english else ""
