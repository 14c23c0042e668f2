//! The words by which mail programs introduce what they quote, in lower case.

/// Names for the sender in a quoted header.
pub(super) const FROM_NAMES: [&str; 24] = [
    "from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "od", "feladó", "kimden", "gönderen",
    "от", "від", "от кого", "από", "发件人", "寄件者", "寄件人", "差出人", "送信者", "보낸 사람", "보낸사람", "מאת",
];

/// Names of the other fields of a quoted header.
pub(super) const OTHER_NAMES: [&str; 70] = [
    "to", "cc", "bcc", "sent", "date", "subject", "reply-to", "reply to", "importance", "attachments",
    "sender", "resent-from",
    "an", "gesendet", "datum", "betreff", "antwort an", "kopie",
    "à", "a", "envoyé", "envoyé le", "objet", "répondre à",
    "para", "enviado", "enviado el", "enviada em", "enviado em", "fecha", "asunto", "data", "assunto",
    "inviato", "oggetto", "risposta", "rispondi a", "per conto di",
    "aan", "verzonden", "onderwerp", "beantwoorden - aan",
    "till", "til", "skickat", "sendt", "ämne", "emne", "dato", "kopia",
    "vastaanottaja", "lähetetty", "aihe",
    "do", "wysłano", "temat", "komu", "odesláno", "předmět",
    "címzett", "tárgy", "kime", "konu",
    "кому", "дата", "тема", "отправлено",
    "收件人", "主题", "发送时间",
];

/// What stands between dashes, or before a colon, above a quoted mail.
pub(super) const BANNERS: [&str; 44] = [
    "original message", "original email", "original mail", "originalmessage", "forwarded message",
    "forwarded by", "begin forwarded message", "start of forwarded message", "forwarded mail",
    "reply message", "replied message",
    "ursprüngliche nachricht", "originalnachricht", "original-nachricht", "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail",
    "message d'origine", "message d’origine", "message original", "message initial", "message transféré",
    "début du message réexpédié", "début du message transféré",
    "mensaje original", "mensaje reenviado", "inicio del mensaje reenviado",
    "mensagem original", "mensagem encaminhada", "messaggio originale", "messaggio inoltrato",
    "inizio messaggio inoltrato",
    "oorspronkelijk bericht", "oorspronkelijke bericht", "doorgestuurd bericht", "ursprungligt meddelande",
    "vidarebefordrat meddelande", "opprinnelig melding", "oprindelig meddelelse", "alkuperäinen viesti",
    "wiadomość oryginalna", "исходное сообщение", "原始邮件", "転送メッセージ",
];

/// How the introduction of a quotation begins, in front of a date.
pub(super) const DATE_STARTS: [&str; 34] = [
    "on", "at", "in", "am", "le", "il", "il giorno", "el", "em", "op", "den", "dnia", "w dniu", "dne", "dňa",
    "pe", "la", "a(z)", "ma", "tarihinde", "στις", "в", "у", "пн", "вт", "ср", "чт", "пт", "сб", "вс",
    "понедельник", "在", "于", "於",
];

/// Forms of "wrote".
pub(super) const WROTE: [&str; 34] = [
    "wrote", "writes", "a écrit", "schrieb", "ha scritto", "escribió", "escribio", "va escriure", "escreveu",
    "schreef", "geschreven", "skrev", "kirjoitti", "napisał", "napisal", "napsal", "napísal", "írta", "a scris",
    "yazdı", "έγραψε", "написал", "написала", "писал", "пишет", "пише", "написав", "写道", "寫道", "写到",
    "写了", "のメール", "書きました", "작성",
];

/// What telephones and programs write below a mail.
pub(super) const SIGNATURE_STARTS: [&str; 46] = [
    "sent from ", "sent via ", "sent with ", "sent by ", "sent using ", "from my iphone", "from my ipad",
    "from my mobile", "from my android", "get outlook for ", "get [outlook for ", "get the outlook app",
    "envoyé de mon ", "envoyé depuis ", "envoyé à partir de ", "télécharger outlook",
    "gesendet von ", "von meinem ", "gesendet mit ", "diese nachricht wurde von meinem ", "holen sie sich outlook",
    "enviado desde ", "enviado do meu ", "enviado de mi ", "enviado a partir ", "enviado via ", "obtener outlook",
    "inviato da ", "inviato dal ", "scarica outlook",
    "verzonden met ", "verzonden vanaf ", "verstuurd vanaf ", "skickat från ", "sendt fra ", "lähetetty ",
    "wysłane z ", "wysłano z ", "odesláno z ", "odoslané z ", "отправлено с ", "надіслано з ",
    "发自我的", "發自我的", "從我的", "从我的",
];

/// The same, at the end of a line.
pub(super) const SIGNATURE_ENDS: [&str; 5] =
    [" from mobile", "から送信", "에서 보냄", "iphone 傳送", "gönderildi"];
