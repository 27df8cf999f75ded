"""Left-overs of language models: refusals, self-descriptions, openings of an answer, special tokens, by phrases.

What a model said beside the text that it was asked for. The phrases are such as people hardly write: a support agent
says "I'm sorry, I can't help with that", too, so that alone is none; "Sure, here is" counts only before what a model
is asked for, such as a translation or a summary.
"""

from __future__ import annotations

import re

_SELF = (
    r"\bas an? (?:ai|artificial intelligence|large language model|language model)(?: (?:language )?(?:model|"
    r"assistant|"
    r"developed|created|trained)\b|,? i(?:'m| am| do| can|'ve| have)\b)",
    r"\bas a(?:n ai)? (?:large )?language model\b",
    r"\bi(?:'m| am) (?:just |only )?an ai (?:language model|assistant|model)\b",
    r"\bas of my (?:last|latest) (?:knowledge )?(?:update|cutoff|training)\b|\bmy (?:knowledge|training) cut-?off\b",
    r"\bcomo (?:un |uma? )?modelo de (?:lenguaje|linguagem)\b|\bcomo (?:una )?(?:inteligencia artificial|"
    r"ia),? (?:no|yo)\b",
    r"\bcomo (?:uma )?(?:inteligência artificial|ia),? (?:não|eu)\b",
    r"\ben tant qu(?:e |'|’)(?:modèle de langage|ia\b|intelligence artificielle|assistant ia)",
    r"\bals (?:ein )?(?:ki-?(?:sprach)?modell|sprachmodell|ki-assistent|künstliche intelligenz)\b",
    r"\bcome (?:un )?modello (?:linguistico|di linguaggio)\b|\bin quanto (?:ia|modello linguistico)\b",
    r"\bals (?:een )?(?:ai-?)?taalmodel\b|\bjako (?:duży )?model językowy\b|\bsom en (?:ai-)?språkmodell\b",
    r"как (?:большая )?языковая модель|как (?:искусственный интеллект|ии),? я|як мовна модель",
    r"(?:ai|大規模)?言語モデルとして|aiアシスタントとして|作为(?:一个|一名)?(?:ai|人工智能|大型?)?(?:语言模型|"
    r"人工智能助手|ai助手)"
    r"|作為(?:一個|一名)?(?:ai|人工智慧|大型)?語言模型",
    r"(?:ai|인공지능)? ?언어 ?모델로서|인공지능으로서|كنموذج لغوي|بصفتي نموذج|एक (?:एआई|"
    r"भाषा) (?:भाषा )?मॉडल के रूप में",
    r"\bbir (?:yapay zeka )?dil modeli olarak\b|\bsebagai (?:sebuah )?model bahasa\b|là một mô hình ngôn ngữ",
)
_REFUSAL = (
    r"^\W*(?:i(?:'m| am) (?:sorry|afraid)|sorry|i apologi[sz]e|unfortunately)\W{1,3}(?:but )?(?:i )?(?:can(?:'t|"
    r"not| not)"
    r"|am (?:not able|unable) to|won't) (?:assist|fulfil?l?|comply|generate|create|continue with|translate|complete|"
    r"rewrite|summari[sz]e|help with (?:that|this) request|provide (?:a |an |the |any )?(?:translation|summary|"
    r"response))",
    r"^\W*i (?:can(?:'t|not| not)|am (?:not able|unable) to) (?:assist with|fulfil?l?|comply with) (?:that|this|"
    r"your)\b",
    r"^\W*i (?:cannot|am (?:not able|unable) to) translate (?:that|this|the|your) (?:text|sentence|passage|"
    r"content)\b",
    r"^\W*(?:lo siento|perdón|lamento)\W{1,3}(?:pero )?no puedo (?:ayudar(?:te|le)? con (?:eso|esa|esta)|traducir|"
    r"generar"
    r"|cumplir)",
    r"^\W*(?:je suis )?désolée?\W{1,3}(?:mais )?je ne peux pas (?:vous aider avec|traduire|générer|répondre à cette)",
    r"^\W*(?:es )?tut mir leid\W{1,3}(?:aber )?(?:ich kann|dabei kann ich) .{0,60}(?:nicht (?:helfen|übersetzen|"
    r"erstellen|"
    r"generieren)|keine übersetzung)",
    r"^\W*(?:mi dispiace|spiacente)\W{1,3}(?:ma )?non posso (?:tradurre|aiutarti con questa|generare)",
    r"^\W*(?:desculpe|sinto muito|lamento)\W{1,3}(?:mas )?não posso (?:ajudar com (?:isso|ess)|traduzir|gerar)",
    r"^\W*het spijt me\W{1,3}(?:maar )?ik kan .{0,40}niet (?:vertalen|helpen|genereren)",
    r"^\W*(?:извините|к сожалению|простите)\W{1,3}(?:но )?я не могу (?:помочь с эт|перевести|выполнить эт|"
    r"сгенерировать)",
    r"^\W*(?:申し訳ありませんが|すみませんが)、?.{0,40}(?:翻訳|お手伝い|生成|"
    r"対応)(?:すること)?(?:は)?(?:できません|でき兼ねます)",
    r"^\W*(?:抱歉|很抱歉|对不起)[,，]?.{0,10}我(?:无法|不能)(?:翻译|协助|提供|满足|生成|回答)",
    r"^\W*죄송(?:합니다|하지만).{0,30}(?:번역|도와드릴|생성).{0,10}(?:수 없습니다|어렵습니다)",
)
_NOUN = (
    r"(?:translat|rewrit|paraphras|summar|version|example|rephras|sentence|paragraph|review|response|tweet|comment|"
    r"variation|draft|output|json|list of|revised|corrected|improved|text)"
)
_OPENING = (
    rf"^\W*(?:sure|certainly|of course|absolutely|great)(?: thing)?[,.!]+ (?:here (?:is|are)|here's|below (?:is|"
    rf"are)|i've|"
    rf"i can|i'd be happy to) .{{0,60}}{_NOUN}",
    rf"^\W*here(?:'s| is| are) (?:the|a|an|your|some|\d+|two|three|four|five|six|ten) .{{0,30}}{_NOUN}\w* .{{0,80}}:",
    r"^\W*(?:claro|por supuesto|desde luego|com certeza|certamente)[,.!¡]+ (?:aquí (?:tienes|está|te)|"
    r"aqui está).{0,60}(?:traduc|tradu|"
    r"versi|ejempl|exempl|resum|texto)",
    r"^\W*(?:bien sûr|certainement|voici)[,.!\s]+(?:voici )?(?:la|le|une?|les|quelques) .{0,30}(?:traduction|"
    r"version|résumé|"
    r"exemple|texte (?:réécrit|traduit)).{0,60}:",
    r"^\W*(?:natürlich|gerne?|klar|selbstverständlich)[,.!]+ hier (?:ist|sind) .{0,60}(?:übersetz|version|"
    r"zusammenfass|"
    r"beispiel|text|überarbeit)",
    r"^\W*(?:certo|certamente)[,.!]+ ecco .{0,60}(?:traduzion|version|esempi|riassunt|testo)",
    r"^\W*(?:конечно|разумеется)[,.!]+ вот .{0,60}(?:перевод|вариант|пример|текст|резюме)",
    r"^\W*(?:もちろんです|承知しました|かしこまりました)[。、!！].{0,40}(?:翻訳|要約|例|文章)",
    r"^\W*(?:当然(?:可以)?|好的|没问题)[,，!！。].{0,6}(?:以下是|这是|下面是).{0,30}(?:翻译|改写|版本|例|摘要|总结)",
)
_TOKENS = (
    r"<\|(?:endoftext|im_start|im_end|eot_id|begin_of_text|start_header_id|end_header_id|assistant|user|system|"
    r"pad)\|>",
    r"\[/?INST\]|<</?SYS>>|</?think>|<(?:start|end)_of_turn>|^### (?:Response|Instruction|Assistant):|^<s>|</s>$",
)
READ_FIRST = 400  # characters in which a refusal or an opening stands
_KINDS = {
    "self_description": re.compile("|".join(_SELF), re.IGNORECASE),
    "refusal": re.compile("|".join(_REFUSAL), re.IGNORECASE),
    "opening": re.compile("|".join(_OPENING), re.IGNORECASE),
    "special_token": re.compile("|".join(_TOKENS), re.MULTILINE),
}
# Which texts can hold any, in the syntax of RE2: words that stand in one of the phrases each.
SUSPICIOUS = "(?i)" + "|".join(
    [
        r"\bas an? (?:ai|artificial|large|language)|an ai|my (?:last|latest|knowledge|training)|model|ki-|taalmodel",
        r"como (?:una? )?(?:ia|intelig)|qu(?:e |'|’)(?:ia|intelligence|assistant)|künstliche|in quanto|språkmodell|"
        r"модель",
        r"искусственный|как ии|モデル|アシスタント|模型|智能|助手|모델|인공지능|نموذج|मॉडल|ngôn ngữ|sebagai",
        r"^\W*(?:i'?m|i am|i can|i apolog|i'm|sorry|unfortunately|lo siento|perdón|lamento|je suis|désol|es tut|"
        r"tut mir)",
        r"^\W*(?:mi dispiace|spiacente|desculpe|sinto|het spijt|извин|к сожал|прост|申し訳|すみません|抱歉|很抱歉|"
        r"对不起|죄송)",
        r"^\W*(?:sure|certainly|of course|absolutely|great|here|claro|por supuesto|desde luego|com certeza|"
        r"certamente)",
        r"^\W*(?:bien sûr|certainement|voici|natürlich|gern|klar|selbstverst|certo|конечно|разумеется|もちろん|承知)",
        r"^\W*(?:かしこまり|当然|好的|没问题)|<\||\[/?INST|<</?SYS|think>|_of_turn>|### |</?s>",
    ]
)


def model_leftover(text: str) -> str:
    """Return what a language model left in a text: self_description, refusal, opening or special_token; "" for nothing.

    >>> model_leftover("As an AI language model, I have no opinion."), model_leftover("Sure, here is my order number")
    ('self_description', '')
    """
    plain = text.replace("’", "'")
    for kind, pattern in _KINDS.items():
        if pattern.search(plain[:READ_FIRST] if kind in ("refusal", "opening") else plain):
            return kind
    return ""
