"""Words that carry grammar rather than matter, in the languages that questions mostly come in."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# A line begins with its language. Folded as `core.terms.fold` does: small letters without accents.
_WORDS = """
english: a an the this that these those there here it its itself i me my mine myself we us our ours ourselves
  you your yours yourself he him his himself she her hers herself they them their theirs themselves one ones who
  whom whose which what when where why how be am is are was were been being have has had having do does did
  doing done will would shall should can could may might must ought and or but nor so yet if then than as at by
  for from in into of off on onto out over to up with within without about above after again against all also
  any because before below between both down during each either else ever every few further just least less like
  more most much many neither no not now only other others own per same some somebody someone something such
  through too under until upon very via while don t s re ve ll d m isn aren wasn weren haven hasn hadn doesn
  didn won wouldn couldn shouldn cannot please tell say said let lets know whether anyone anybody anything
  everyone around another exactly actually etc
german: der die das den dem des ein eine einer eines einem einen kein keine keinen keiner keinem ich mich mir
  mein meine meinem meinen meiner du dich dir dein deine er ihn ihm sein seine seiner seinem seinen sie ihr ihre
  ihrer ihrem ihren ihnen es wir uns unser unsere unserem unseren unserer euch euer man sich wer wen wem wessen
  was wann wo wohin woher womit wofur wodurch woran warum weshalb wieso wie welche welcher welches welchen
  welchem viel viele vielen ist sind war waren bin bist seid gewesen wird werden wurde wurden worden hat haben
  habe hatte hatten kann konnen konnte darf durfen muss mussen mussten soll sollen sollte mochte will wollen und
  oder aber sondern denn doch wenn dann als ob dass weil damit bis an am auf aus bei beim durch fur gegen hinter
  im in ins mit nach neben ohne seit uber um unter von vom vor wahrend wegen zu zum zur zwischen auch nur noch
  schon sehr so nicht etwa hier dort da diese dieser dieses diesem diesen jede jeder jedes jedem jeden alle
  allen aller alles mehr gibt bitte bekommt
spanish: el la los las lo un una unos unas yo mi mis me tu tus te su sus se nos nuestro nuestra nuestros
  nuestras ello ella ellos ellas usted ustedes le les que quien quienes cual cuales cuando donde como cuanto
  cuanta cuantos cuantas por para con sin de del al a en entre desde hasta sobre bajo tras y e o u ni pero sino
  si no es son fue fueron era eran ser sido estar esta estan estaba este estos esto estas ese esa esos esas eso
  aquel aquella ha han he hay habia haber tiene tienen tengo puede pueden puedo debe deben hace hacer muy mas
  menos tambien ya todo toda todos todas otro otra otros otras cada segun durante porque
french: a partir le les l un une des du de d je j m ton ta tes son sa ses il elle on nous notre nos vous votre
  vos ils elles leur leurs ce c cet cette ces cela ca qui quoi dont ou quand comment combien pourquoi quel
  quelle quels quelles est sont etait etaient etre ete ai as avons avez ont avait avoir peut peuvent peux doit
  doivent faut fait faire et mais donc car ni ne n pas plus moins tres aussi dans sur sous avec sans chez vers
  pour par entre depuis pendant avant apres jusque au aux y qu que lorsque si tout toute tous toutes chaque
  quelque meme est-ce
italian: gli uno nel nella nei nelle sul sulla dal dalla dei delle della dello il io mio mia sono siamo sei cosa
  chi come quanto quanta quanti quante dove perche puo possono deve devono anche non piu sia
portuguese: os um uma uns umas eu meu minha seu sua quem qual quais quando onde quanto quantos quantas sao foi
  foram ser pode podem deve devem tem nao mais na no nas nos da das dos em por pelo pela ao com ate
dutch: het een ik mijn je jij jouw hij zijn haar wij onze hun wie wat wanneer waar waarom hoe welk welke hoeveel
  is was waren wordt worden heeft hebben kan kunnen mag mogen moet moeten en of maar van voor met op aan bij uit
  naar om te niet geen ook er dit dat die deze
russian: и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот
  от меня еще нет о из ему теперь когда даже ну ли если уже или ни быть был него до вас опять вам ведь там потом
  себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе
  под будет ж тогда кто этот того потому этого какой какая какое какие каким каков совсем ним здесь этом один
  почти мой тем чтобы нее были куда зачем всех никогда можно при наконец два об другой после над больше тот
  через эти нас про всего них сколько почему который которая которые
"""
WORDS_BY_LANGUAGE: Mapping[str, frozenset[str]] = {
    words.partition(":")[0]: frozenset(words.split()[1:]) for words in _WORDS.replace("\n  ", " ").split("\n") if words
}
_BY_LANGUAGE: tuple[frozenset[str], ...] = tuple(WORDS_BY_LANGUAGE.values())
FUNCTION_WORDS: frozenset[str] = frozenset().union(*_BY_LANGUAGE)


def function_words(words: Collection[str]) -> frozenset[str]:
    """The function words of the language that a text's folded words are in: of several where that cannot be told."""
    counts = [sum(word in known for word in words) for known in _BY_LANGUAGE]
    most = max(counts)
    return frozenset().union(*(known for known, count in zip(_BY_LANGUAGE, counts, strict=True) if count == most))


# Chinese and Japanese, written without spaces: removed from a question before it is cut into pairs, longer ones first.
_PHRASES = """
什么 甚么 多少 多久 多大 多长 多高 几个 几天 几年 哪些 哪个 哪里 哪儿 哪位 哪一 哪年
何时 何地 何处 为什么 为何 怎么 怎样 如何 是否 有没有 请问 可以 能够 能否 应该 需要 我们
你们 他们 她们 它们 以及 或者 还是 因为 所以 但是 如果 的 了 吗 呢 吧 啊 是 在 有 和
与 或 及 被 把 对 从 到 由 于 以 其 这 那 我 你 您 他 她 它 们 之 也 都 就 不
没 谁 哪 几 个 何時 何処 何人 何台 何個 何日 何年 何回 何名 何歳 何円 何時間 誰 何 幾
"""
FUNCTION_PHRASES: tuple[str, ...] = tuple(sorted(_PHRASES.split(), key=len, reverse=True))
