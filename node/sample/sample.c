/* SPDX-License-Identifier: Apache-2.0 */
#include "node/sample/sample.h"

#include <string.h>

#include "node/sample/draw.h"

enum { YEAR = 2026 };

static const char *const destinations[] = {
    "TH", "TH", "TH", "TH", "TH", "MY", "JP", "KR"};
static const char *const currencies[] = {
    "THB", "THB", "THB", "THB", "THB", "MYR", "JPY", "KRW"};
static const char *const issues[] = {"wages", "overtime", "deduction", "debt",
    "recruitment_fee", "contract_switch", "documents_withheld", "injury",
    "illness", "social_security", "registration", "repatriation"};
static const char *const desks[] = {
    "desk 1", "desk 2", "desk 3", "hotline", "field team"};
static const char *const isco[] = {
    "9111", "9216", "9313", "8153", "7531", "9211", "5322", "8160", "9412"};
static const char *const isic[] = {"A", "C", "C", "F", "G", "I", "T"};

/* Where this file's person works: an index of the tables above. */
static unsigned
destination(const struct sample_options *options, uint64_t number)
{
    struct draw draw = draw_init(options->seed, number, DRAW_SHAPE);

    (void)draw_below(&draw, 1);
    return draw_below(
        &draw, (unsigned)(sizeof(destinations) / sizeof(destinations[0])));
}

/* What a person is called in lists; it says nothing of who they are. */
static json_t *
pseudonym(const struct sample_options *options, uint64_t number)
{
    struct draw draw = draw_init(options->seed, number, DRAW_PERSON);
    const char *first = DRAW_WORD(&draw, words_english.first);
    const char *second = DRAW_WORD(&draw, words_english.second);

    return json_sprintf("%s %s %u", first, second, draw_below(&draw, 1000));
}

/* A counter and a check digit, as read out on a bad line. */
static json_t *
file_number(char office, uint64_t number)
{
    unsigned check = 0;

    for (uint64_t rest = number; rest > 0; rest /= 10) {
        check = (check * 3 + (unsigned)(rest % 10)) % 10;
    }
    return json_sprintf("BKK%c-%u-%06llu-%u", office, (unsigned)YEAR,
        (unsigned long long)number, check);
}

static json_t *
identity(struct draw *draw, const struct words *words)
{
    if (draw_chance(draw, 40)) {
        return json_sprintf(
            "passport:%s:N%07u", words->country, draw_below(draw, 10000000));
    }
    if (strcmp(words->country, "MM") == 0) {
        unsigned region = 1 + draw_below(draw, 14);

        return json_sprintf(
            "nrc:MM:%u/ဥကမ(နိုင်)%06u", region, draw_below(draw, 1000000));
    }
    return json_sprintf(
        "national_id:%s:%09u", words->country, draw_below(draw, 1000000000));
}

static enum err
put_person(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    static const char *const genders[] = {"female", "male"};
    struct draw draw = draw_init(options->seed, number, DRAW_PERSON);
    const struct words *words = draw_origin(options->seed, number);
    bool buddhist = draw_chance(&draw, 50);
    struct line line;

    line_init(&line, "person", 'p', number);
    line_put(&line, "pseudonym", pseudonym(options, number));
    line_put(&line, "names+", draw_names(&draw, words));
    line_put(&line, "born", draw_date(&draw, 1970, 35, buddhist));
    line_put_text(&line, "gender", DRAW_WORD(&draw, genders));
    line_put_text(&line, "nationality+", words->country);
    line_put_text(&line, "languages+", words->lang);
    if (draw_chance(&draw, 70)) {
        line_put(&line, "ids+", identity(&draw, words));
    }
    if (draw_chance(&draw, 80)) {
        line_put(&line, "contacts+", draw_phone(&draw, words));
    }
    return line_end(&line, out);
}

static void
fill_case(
    const struct sample_options *options, uint64_t number, struct line *line)
{
    static const char *const risks[] = {"low", "low", "medium", "high"};
    static const char *const channels[] = {
        "mou", "border_pass", "cabinet_registration", "self_arranged"};
    struct draw draw = draw_init(options->seed, number, DRAW_CASE);
    const struct words *words = draw_origin(options->seed, number);

    words = draw_chance(&draw, 60) ? words : &words_english;
    line_put(line, "no", file_number('C', number));
    line_put(line, "pseudonym", pseudonym(options, number));
    line_put_text(line, "status", "new");
    line_put_text(line, "country", destinations[destination(options, number)]);
    line_put(line, "issues+", DRAW_SET(&draw, issues, 3));
    line_put_text(line, "risk", DRAW_WORD(&draw, risks));
    line_put(line, "due", draw_date(&draw, YEAR, 1, false));
    line_put(line, "summary", draw_text(&draw, words, words->told));
    line_put_text(line, "isco", DRAW_WORD(&draw, isco));
    line_put_text(line, "isic", DRAW_WORD(&draw, isic));
    if (draw_chance(&draw, 30)) {
        line_put_text(line, "channel", DRAW_WORD(&draw, channels));
    }
    if (draw_chance(&draw, 50)) {
        line_put_text(line, "assignee", DRAW_WORD(&draw, desks));
    }
}

enum err
sample_case(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    struct line line;

    line_init(&line, "case", 'c', number);
    fill_case(options, number, &line);
    return line_end(&line, out);
}

static enum err
put_case(const struct sample_options *options, uint64_t number, struct buf *out)
{
    struct line line;

    line_init(&line, "case", 'c', number);
    line_put_ref(&line, "person", 'p', number);
    fill_case(options, number, &line);
    return line_end(&line, out);
}

enum err
sample_update(const struct sample_options *options, uint64_t number,
    unsigned nth, struct buf *out)
{
    static const char *const states[] = {"open", "waiting_person",
        "waiting_office", "in_service", "resolved", "closed"};
    static const char *const visits[] = {
        "phone", "office", "workplace", "shelter", "hospital"};
    struct draw draw =
        draw_init(options->seed, number, (uint64_t)DRAW_UPDATE + nth);
    const struct words *words = draw_origin(options->seed, number);
    const char *what = NULL;
    struct line line;

    words = draw_chance(&draw, 50) ? words : &words_thai;
    line_init(&line, NULL, 'c', number);
    switch (draw_below(&draw, 6)) {
    case 0:
        line_put_text(&line, "status", DRAW_WORD(&draw, states));
        break;
    case 1:
    case 2:
        line_put(&line, "notes+", draw_text(&draw, words, words->noted));
        break;
    case 3:
        line_put_text(&line, "status", DRAW_WORD(&draw, states));
        line_put(&line, "notes+",
            draw_text(&draw, &words_english, words_english.noted));
        break;
    case 4:
        what = DRAW_WORD(&draw, visits);
        line_put(&line, "visits+",
            json_pack("{s:o, s:s}", "date", draw_date(&draw, YEAR, 1, false),
                "what", what));
        break;
    default:
        line_put_text(&line, "assignee", DRAW_WORD(&draw, desks));
        line_put(&line, "due", draw_date(&draw, YEAR, 1, false));
        break;
    }
    return line_end(&line, out);
}

static enum err
put_claim(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    static const char *const schemes[] = {"th_sso", "th_sso", "th_sso",
        "th_wcf", "th_health", "my_socso", "jp_pension_lump_sum",
        "kr_departure_guarantee"};
    static const char *const branches[] = {
        "old_age", "sickness", "maternity", "injury", "unemployment"};
    static const char *const papers[] = {"passport", "work_permit",
        "insurance_card", "employer_certificate", "payslips", "bank_account"};
    static const char *const obstacles[] = {"employer_not_registered",
        "contributions_missing", "documents_missing", "name_mismatch",
        "no_bank_account", "language", "distance"};
    struct draw draw = draw_init(options->seed, number, DRAW_CLAIM);
    unsigned place = destination(options, number);
    json_t *from = NULL;
    json_t *to = NULL;
    struct line line;

    line_init(&line, "claim", 'm', number);
    line_put_ref(&line, "parent", 'c', number);
    line_put_ref(&line, "case", 'c', number);
    line_put_text(&line, "scheme",
        place < 5 ? schemes[draw_below(&draw, 5)] : schemes[place]);
    line_put_text(&line, "branch", DRAW_WORD(&draw, branches));
    line_put_text(&line, "status", "draft");
    line_put(&line, "deadline", draw_date(&draw, YEAR, 2, false));
    line_put(&line, "money+",
        json_pack("{s:s, s:s, s:s, s:o}", "type", "claimed", "payer", "",
            "reference", "", "amount", draw_money(&draw, currencies[place])));
    line_put(&line, "checklist+", DRAW_SET(&draw, papers, 3));
    line_put(&line, "obstacles+", DRAW_SET(&draw, obstacles, 2));
    from = draw_date(&draw, 2014, 4, false);
    to = draw_date(&draw, 2019, 6, false);
    line_put(
        &line, "periods+", json_pack("{s:o, s:o}", "from", from, "to", to));
    line_put(&line, "insured_no",
        json_sprintf("insurance:%s:%010u", destinations[place],
            draw_below(&draw, 1000000000)));
    return line_end(&line, out);
}

static enum err
put_claim_update(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    struct draw draw = draw_init(options->seed, number, DRAW_CLAIM);
    unsigned place = destination(options, number);
    json_t *reference = NULL;
    json_t *amount = NULL;
    struct line line;

    line_init(&line, NULL, 'm', number);
    line_put_text(&line, "status", "filed");
    line_put(&line, "filed", draw_date(&draw, YEAR, 1, false));
    line_put(&line, "filing_ref+",
        json_sprintf("SSO-%05u", draw_below(&draw, 100000)));
    reference = json_sprintf("A-%04u", draw_below(&draw, 10000));
    amount = draw_money(&draw, currencies[place]);
    line_put(&line, "money+",
        json_pack("{s:s, s:s, s:o, s:o}", "type", "assessed", "payer", "SSO",
            "reference", reference, "amount", amount));
    return line_end(&line, out);
}

static enum err
put_referral(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    static const char *const services[] = {
        "shelter", "medical", "legal", "interpretation", "repatriation"};
    struct draw draw = draw_init(options->seed, number, DRAW_REFERRAL);
    const struct words *words = draw_origin(options->seed, number);
    struct line consent;
    struct line line;
    enum err rc = ERR_OK;

    line_init(&consent, "consent", 's', number);
    line_put_ref(&consent, "parent", 'p', number);
    line_put_ref(&consent, "person", 'p', number);
    line_put(
        &consent, "purposes", json_pack("[s,s]", "assistance", "referral"));
    line_put_text(&consent, "language", words->lang);
    line_put_text(&consent, "method", "oral_witness");
    line_put(&consent, "given", draw_date(&draw, YEAR, 1, false));
    rc = line_end(&consent, out);
    if (rc != ERR_OK) {
        return rc;
    }
    line_init(&line, "referral", 'r', number);
    line_put_ref(&line, "parent", 'c', number);
    line_put_ref(&line, "case", 'c', number);
    line_put_ref(&line, "consent", 's', number);
    line_put(&line, "from", draw_office(&draw, options));
    line_put(&line, "to", draw_office(&draw, options));
    line_put_text(&line, "type", "refer");
    line_put_text(&line, "service", DRAW_WORD(&draw, services));
    line_put_text(&line, "state", "sent");
    line_put(&line, "disclosed", json_pack("[s,s]", "3.7", "3.12"));
    line_put(&line, "expires", draw_date(&draw, YEAR, 2, false));
    return line_end(&line, out);
}

static enum err
put_complaint(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    struct draw draw = draw_init(options->seed, number, DRAW_COMPLAINT);
    const struct words *words = draw_origin(options->seed, number);
    const char *family = DRAW_WORD(&draw, words_thai.latin_second);
    const char *word = DRAW_WORD(&draw, words_english.second);
    struct line line;

    line_init(&line, "complaint", 'k', number);
    line_put(&line, "no", file_number('K', number));
    line_put_text(&line, "category", "employment");
    line_put_text(&line, "stage", "received");
    line_put_ref(&line, "case", 'c', number);
    line_put_ref(&line, "complainants+", 'p', number);
    line_put(&line, "respondent_name",
        json_sprintf("%s %s Co., Ltd.", family, word));
    line_put(&line, "issues+", DRAW_SET(&draw, issues, 2));
    line_put_text(&line, "mechanism", "labour_office");
    line_put(&line, "summary", draw_text(&draw, words, words->told));
    return line_end(&line, out);
}

static enum err
put_agency(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    struct draw draw = draw_init(options->seed, number, DRAW_AGENCY);
    const struct words *words = draw_origin(options->seed, number);
    const char *local = DRAW_WORD(&draw, words->second);
    const char *colour = DRAW_WORD(&draw, words_english.first);
    const char *word = DRAW_WORD(&draw, words_english.second);
    struct line line;

    line_init(&line, "agency", 'a', number);
    line_put(&line, "licence_no",
        json_sprintf("%s-%04u/%u", words->country, draw_below(&draw, 10000),
            (unsigned)YEAR));
    line_put(&line, "authority", draw_office(&draw, options));
    line_put_text(&line, "country", words->country);
    line_put(&line, "names+",
        json_pack("[o,o]", json_sprintf("%s %s", words->first[0], local),
            json_sprintf("%s %s Manpower", colour, word)));
    line_put(&line, "countries+", json_pack("[s,s]", "TH", "MY"));
    return line_end(&line, out);
}

static json_t *
notice_text(const struct words *words, unsigned day)
{
    return json_pack("{s:s, s:i, s:s, s:o}", "lang", words->lang, "edition", 1,
        "title", words->title, "text", draw_fill(words->notice, day));
}

static enum err
put_notice(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    struct draw draw = draw_init(options->seed, number, DRAW_NOTICE);
    const struct words *words = draw_origin(options->seed, number);
    unsigned day = 1 + draw_below(&draw, 28);
    struct line line;

    line_init(&line, "notice", 'n', number);
    line_put(&line, "issuer", draw_office(&draw, options));
    line_put_text(&line, "language", words->lang);
    line_put(&line, "texts+",
        json_pack("[o,o]", notice_text(words, day),
            notice_text(&words_english, day)));
    line_put_text(&line, "severity", "info");
    line_put_text(&line, "countries+", words->country);
    line_put(&line, "from", draw_date(&draw, YEAR, 1, false));
    line_put_text(&line, "topics+", "registration");
    return line_end(&line, out);
}

typedef enum err put_fn(
    const struct sample_options *options, uint64_t number, struct buf *out);

static enum err
put_updates(const struct sample_options *options, uint64_t number,
    unsigned count, struct buf *out)
{
    enum err rc = ERR_OK;

    for (unsigned i = 0; i < count && rc == ERR_OK; i++) {
        rc = sample_update(options, number, i, out);
    }
    return rc;
}

enum err
sample_file(
    const struct sample_options *options, uint64_t number, struct buf *out)
{
    static const struct {
        put_fn *put;
        unsigned percent;
    } parts[] = {
        {put_person, 100},
        {put_case, 100},
        {put_claim, 40},
        {put_referral, 20},
        {put_complaint, 10},
        {put_agency, 5},
        {put_notice, 5},
    };
    struct draw draw = draw_init(options->seed, number, DRAW_SHAPE);
    size_t size = out->size;
    bool has_claim = false;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (rc == ERR_OK && draw_chance(&draw, parts[i].percent)) {
            rc = parts[i].put(options, number, out);
            has_claim = has_claim || parts[i].put == put_claim;
        }
    }
    if (rc == ERR_OK) {
        rc = put_updates(options, number, 2 + draw_below(&draw, 5), out);
    }
    if (rc == ERR_OK && has_claim) {
        rc = put_claim_update(options, number, out);
    }
    if (rc != ERR_OK) {
        buf_truncate(out, size);
    }
    return rc;
}
