/* SPDX-License-Identifier: Apache-2.0 */
/* The worked examples of docs/protocol.md, "Keys", made by the code. */
#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/code.h"
#include "crypto/keys.h"
#include "tests/lib/examples.h"
#include "tests/lib/run.h"

/* The office key's seed is 32 bytes 0f; the node's secrets 5e, 51 … 54. */
static void
make_cert(struct cert *cert, struct secret_key *office,
    struct node_secrets *secrets)
{
    struct public_key public;

    memset(secrets, 0, sizeof(*secrets));
    memset(office->bytes, 0x0f, 32);
    memset(secrets->sign.bytes, 0x5e, 32);
    memset(secrets->noise.bytes, 0x51, 32);
    memset(secrets->seal.bytes, 0x52, 32);
    memset(secrets->cosign.bytes, 0x53, 32);
    memset(secrets->clock.bytes, 0x54, 32);
    memset(cert, 0, sizeof(*cert));
    memset(cert->corridor.bytes, 0xc0, 32);
    keys_sign_public(&public, office);
    memcpy(cert->office.bytes, public.bytes, 32);
    node_secrets_public(&cert->keys, secrets);
    strncpy(cert->office_name, "Labour section", CERT_NAME_BYTES_MAX);
    strncpy(cert->node_name, "desk", CERT_NAME_BYTES_MAX);
    memcpy(cert->country, "KH", 3);
    strncpy(cert->type, "embassy", CERT_TYPE_BYTES_MAX);
    cert->time_ms = UINT64_C(1790000000000);
}

static void
expect(const char *name, struct bytes made)
{
    struct buf example = {0};
    char hex[4096];

    examples_get(name, &example);
    ck_assert_uint_lt(made.size * 2, sizeof(hex));
    hex_encode(hex, made);
    ck_assert_msg(bytes_equal(buf_bytes(&example), made),
        "%s: the code makes %s", name, hex);
    buf_release(&example);
}

START_TEST(certificate_is_as_documented)
{
    struct cert cert;
    struct secret_key office;
    struct node_secrets secrets;
    struct buf encoded = {0};

    make_cert(&cert, &office, &secrets);
    ck_assert_int_eq(
        cert_encode(&encoded, &cert, &office, &secrets.sign), ERR_OK);
    expect("crypto/certificate", buf_bytes(&encoded));
    buf_release(&encoded);
}
END_TEST

START_TEST(office_code_is_as_documented)
{
    struct cert cert;
    struct secret_key office;
    struct node_secrets secrets;
    char code[OFFICE_CODE_CHARS + 1];

    make_cert(&cert, &office, &secrets);
    office_code(code, &cert.office);
    expect("crypto/office-code", bytes_text(code));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("examples of keys");
    TCase *tcase = tcase_create("examples");

    tcase_add_test(tcase, certificate_is_as_documented);
    tcase_add_test(tcase, office_code_is_as_documented);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
