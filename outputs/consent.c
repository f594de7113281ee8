/** A handful of texts as JSON. None of them needs an escape, so none is ever made. */
#include "outputs/consent.h"

#include "outputs/web_limits.h"

bool secret_read_json(struct slice path, struct secret *file, struct arena *arena,
                      const struct json **root, struct err *err)
{
    if (!secret_read_whole(path, LIMIT_KEY_FILE_BYTES, file, err))
        return false;
    struct json_result result = json_parse(secret_slice(file), arena);
    *root = result.root;
    return (result.root && result.root->type == JSON_OBJECT) ||
           err_set(err, ERR_INVALID, "the secret '%.*s' is no JSON object: %s",
                   (int)(path.len < 200 ? path.len : 200), path.ptr,
                   result.fault ? result.fault : "it is another value");
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~' || text.ptr[i] == '"' ||
            text.ptr[i] == '\\')
            return false;
    return true;
}

/* --- read ------------------------------------------------------------------------- */

static bool take_text(const struct json *root, const char *name, bool is_needed,
                      struct slice *into, struct err *err)
{
    const struct json *value = json_find(root, slice_of(name));
    if (value && value->type == JSON_STRING)
        *into = value->text;
    if (is_needed && into->len == 0)
        return err_set(err, ERR_INVALID, "it has no \"%s\"", name);
    return is_plain(*into) ||
           err_set(err, ERR_INVALID, "its \"%s\" has characters that none has", name);
}

bool consent_take(const struct json *root, struct consent *consent, struct err *err)
{
    *consent = (struct consent){ 0 };
    return take_text(root, "client_id", true, &consent->client_id, err) &&
           take_text(root, "client_secret", false, &consent->client_secret, err) &&
           take_text(root, "refresh_token", true, &consent->refresh_token, err) &&
           take_text(root, "token_uri", false, &consent->token_uri, err) &&
           take_text(root, "auth_uri", false, &consent->auth_uri, err) &&
           take_text(root, "scope", false, &consent->scope, err);
}

bool consent_take_client(const struct json *root, struct consent *consent,
                         struct err *err)
{
    const struct json *client = json_find(root, SLICE("installed"));
    *consent = (struct consent){ 0 };
    if (!client)
        return err_set(err, ERR_INVALID,
                       "it is not the JSON file of an OAuth client of the type "
                       "\"Desktop app\"");
    return take_text(client, "client_id", true, &consent->client_id, err) &&
           take_text(client, "client_secret", false, &consent->client_secret, err) &&
           take_text(client, "token_uri", false, &consent->token_uri, err) &&
           take_text(client, "auth_uri", false, &consent->auth_uri, err);
}

/* --- write ------------------------------------------------------------------------ */

static bool put_text(struct secret *out, const char *name, struct slice value)
{
    if (value.len == 0)
        return true;
    return is_plain(value) && secret_put(out, SLICE(",\n  \"")) &&
           secret_put(out, slice_of(name)) && secret_put(out, SLICE("\": \"")) &&
           secret_put(out, value) && secret_put(out, SLICE("\""));
}

static bool put_consent(struct secret *out, const struct consent *consent)
{
    return secret_put(out, SLICE("{\n  \"type\": \"authorized_user\"")) &&
           put_text(out, "client_id", consent->client_id) &&
           put_text(out, "client_secret", consent->client_secret) &&
           put_text(out, "refresh_token", consent->refresh_token) &&
           put_text(out, "token_uri", consent->token_uri) &&
           put_text(out, "auth_uri", consent->auth_uri) &&
           put_text(out, "scope", consent->scope) && secret_put(out, SLICE("\n}\n"));
}

bool consent_write(struct slice path, const struct consent *consent, struct err *err)
{
    struct secret out = { 0 };
    bool ok = secret_open(&out, LIMIT_KEY_FILE_BYTES, err);
    if (ok && !put_consent(&out, consent))
        ok = err_set(err, ERR_INVALID, "the token endpoint gave what is no token");
    ok = ok && secret_write(path, secret_slice(&out), err);
    secret_wipe(&out);
    return ok;
}

bool consent_renew(struct slice path, struct slice refresh_token, struct err *err)
{
    struct secret file = { 0 };
    struct arena arena = { 0 };
    const struct json *root = NULL;
    struct consent consent;
    bool ok = secret_read_json(path, &file, &arena, &root, err) &&
              consent_take(root, &consent, err);
    if (ok) {
        consent.refresh_token = refresh_token;
        ok = consent_write(path, &consent, err);
    }
    arena_wipe(&arena);
    secret_wipe(&file);
    return ok;
}
