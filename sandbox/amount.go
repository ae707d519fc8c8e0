package sandbox

import (
	"math/big"
	"strings"
)

// rational reads a decimal that was checked when it came in.
func rational(decimal text) *big.Rat {
	value, ok := new(big.Rat).SetString(string(decimal))
	if !ok {
		return new(big.Rat)
	}
	return value
}

// round returns the nearest whole number of minor units, halves away from zero.
func round(value *big.Rat) int64 {
	doubled := new(big.Int).Mul(value.Num(), big.NewInt(2))
	if value.Sign() < 0 {
		doubled.Sub(doubled, value.Denom())
	} else {
		doubled.Add(doubled, value.Denom())
	}
	return new(big.Int).Quo(doubled, new(big.Int).Mul(value.Denom(), big.NewInt(2))).Int64()
}

// amount returns what a quantity costs, exactly: per unit, or by tiers as the Stripe documentation's "Tiered pricing" has
// it. The flat amount of the first tier is due even for a quantity of 0.
func (p *price) amount(quantity *big.Rat) *big.Rat {
	if t := p.TransformQuantity; t != nil {
		packages := new(big.Rat).Quo(quantity, new(big.Rat).SetInt64(t.DivideBy))
		whole := new(big.Int).Quo(packages.Num(), packages.Denom())
		if t.Round == "up" && !packages.IsInt() {
			whole.Add(whole, big.NewInt(1))
		}
		quantity = new(big.Rat).SetInt(whole)
	}
	if p.BillingScheme != "tiered" {
		return new(big.Rat).Mul(rational(p.UnitAmountDecimal), quantity)
	}
	total, from := new(big.Rat), new(big.Rat)
	for i, t := range p.Own.Tiers {
		last := t.UpTo == nil || quantity.Cmp(new(big.Rat).SetInt64(*t.UpTo)) <= 0
		inTier := new(big.Rat).Sub(quantity, from)
		if !last {
			inTier = new(big.Rat).Sub(new(big.Rat).SetInt64(*t.UpTo), from)
		}
		if p.TiersMode == "volume" {
			if last {
				total.Mul(rational(t.UnitAmountDecimal), quantity)
				return total.Add(total, rational(t.FlatAmountDecimal))
			}
			continue
		}
		if inTier.Sign() > 0 || i == 0 {
			total.Add(total, new(big.Rat).Mul(rational(t.UnitAmountDecimal), inTier))
			total.Add(total, rational(t.FlatAmountDecimal))
		}
		if last {
			break
		}
		from = new(big.Rat).SetInt64(*t.UpTo)
	}
	return total
}

// whole is a quantity of whole units.
func whole(quantity int64) *big.Rat { return new(big.Rat).SetInt64(quantity) }

// currencies are the codes of ISO 4217 in which Stripe takes payments (Stripe documentation, "Supported currencies").
const currencies = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny " +
	"cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs " +
	"khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen " +
	"pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs " +
	"vnd vuv wst xaf xcd xof xpf yer zar zmw"

// noMinor are the currencies without minor units, and threeMinor those with three digits of them.
const (
	noMinor    = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
	threeMinor = "bhd jod kwd omr tnd"
)

func checkCurrency(param, code string) error {
	const codeLength = 3
	if len(code) != codeLength || !strings.Contains(" "+currencies+" ", " "+strings.ToLower(code)+" ") {
		return invalid(param, "Invalid currency: %s. Stripe currently supports these currencies: %s", strings.ToLower(code), strings.ReplaceAll(currencies, " ", ", "))
	}
	return nil
}

// display writes an amount for people, such as $20.00 or 1,500 JPY.
func display(amount int64, currency string) string {
	digits := 2
	switch {
	case strings.Contains(noMinor, currency):
		digits = 0
	case strings.Contains(threeMinor, currency):
		digits = 3
	}
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	text := big.NewInt(amount).String()
	for len(text) <= digits {
		text = "0" + text
	}
	units, minor := text[:len(text)-digits], text[len(text)-digits:]
	const group = 3
	for i := len(units) - group; i > 0; i -= group {
		units = units[:i] + "," + units[i:]
	}
	if digits > 0 {
		units += "." + minor
	}
	switch currency {
	case "usd":
		return sign + "$" + units
	case "eur":
		return sign + "€" + units
	case "gbp":
		return sign + "£" + units
	}
	return sign + units + " " + strings.ToUpper(currency)
}
