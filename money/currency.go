package money

// Exponent returns how many decimals an amount of currency has (a lower-case ISO 4217 code) and
// whether the currency is known: usd 2, jpy 0, kwd 3. An unknown currency has 0.
//
// The list is that of the presentment currencies Stripe supports, and the exponents are those of
// Stripe's API (https://docs.stripe.com/currencies), because these are the integers that go there.
// They differ from ISO 4217 in three places: isk and ugx have two decimals that Stripe wants to be 00,
// and mga has none. Amounts of three-decimal currencies must end in 0 when they are charged.
func Exponent(currency string) (int, bool) {
	switch currency {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
		"xof", "xpf":
		return 0, true
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3, true
	case "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt",
		"bgn", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny",
		"cop", "crc", "cve", "czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp",
		"gel", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr", "isk",
		"jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl",
		"mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio",
		"nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar", "ron", "rsd", "rub",
		"sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs",
		"top", "try", "ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "wst", "xcd", "yer",
		"zar", "zmw":
		return 2, true
	}
	return 0, false
}
