# SPDX-License-Identifier: Apache-2.0
# The house rules that one C file can break by itself. Input: C files, by
# paths relative to the root; output: "path:line: rule: text". LC_ALL=C.

function fault(line, rule, text)
{
    printf "%s:%d: %s: %s\n", FILENAME, line, rule, text
}

# Bytes that do not continue a UTF-8 sequence are characters.
function characters(text)
{
    gsub(/[\200-\277]/, "", text)
    return length(text)
}

# A line without its comments and the contents of its strings; whether a
# comment goes on is kept in in_comment.
function code_of(line,    out, token, at)
{
    out = ""
    for (;;) {
        if (in_comment) {
            at = index(line, "*/")
            if (at == 0) {
                return out
            }
            in_comment = 0
            line = substr(line, at + 2)
        }
        if (!match(line, /["\047]|\/\*|\/\//)) {
            return out line
        }
        token = substr(line, RSTART, RLENGTH)
        out = out substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        if (token == "//") {
            return out
        }
        if (token == "/*") {
            in_comment = 1
            continue
        }
        if (token == "\"") {
            out = out "\"\""
            at = match(line, /^([^"\\]|\\.)*"/)
        } else {
            out = out "0"
            at = match(line, /^([^\047\\]|\\.)*\047/)
        }
        if (!at) {
            return out
        }
        line = substr(line, RLENGTH + 1)
    }
}

# The layer of a path: the longest of the layers' folders that holds it. A
# program that runs only during the build, to embed files, is a tool.
function layer_of(path)
{
    if (path ~ /\/embed\//) { return "tool" }
    if (path ~ /^crypto\/base\//) { return "base" }
    if (path ~ /^crypto\//) { return "crypto" }
    if (path ~ /^sync\/model\//) { return "model" }
    if (path ~ /^sync\/packs\//) { return "packs" }
    if (path ~ /^sync\/wire\//) { return "wire" }
    if (path ~ /^sync\/audit\//) { return "audit" }
    if (path ~ /^storage\//) { return "storage" }
    if (path ~ /^node\//) { return "node" }
    if (path ~ /^tests\//) { return "tests" }
    return ""
}

# The arrows between the layers: ALLOWED, below.
function may_include(from, to)
{
    return index(" " ALLOWED[from] " ", " " to " ") > 0
}

function check_own_include(line,    path, own)
{
    split(line, parts, "\"")
    path = parts[2]
    own = FILENAME
    if (path !~ /\//) {
        fault(FNR, "include", "name the folder: \"" path "\"")
    } else if (!may_include(layer, layer_of(path))) {
        fault(FNR, "layer", layer " may not include \"" path "\"")
    }
    sub(/\.c$/, ".h", own)
    if (!included && own != FILENAME && own in headers && path != own &&
        path !~ /_internal\.h$/) {
        fault(FNR, "include", "a file includes its own header first")
    }
    included = 1
}

function check_system_include(line,    name)
{
    split(line, parts, /[<>]/)
    name = parts[2]
    if (is_free) {
        return
    }
    if (name ~ /^sodium/ && layer != "base" && layer != "crypto") {
        fault(FNR, "system", "only crypto includes " name)
    }
    if (name == "lmdb.h" && layer != "storage") {
        fault(FNR, "system", "only storage includes " name)
    }
    if (name ~ /^(uv|microhttpd)\.h$/ && layer != "node") {
        fault(FNR, "system", "only node includes " name)
    }
    if ((layer == "model" || layer == "wire" || layer == "audit") &&
        name ~ IMPURE) {
        fault(FNR, "system", "sync is pure, without " name)
    }
}

# Does the code call one of the |-separated functions? Members are not calls
# of them, nor are longer names.
function calls(code, names)
{
    return match(" " code, "[^A-Za-z0-9_.>](" names ")[ ]*\\(")
}

function check_calls(code)
{
    if (calls(code, BANNED)) {
        fault(FNR, "banned", substr(code, RSTART, RLENGTH - 1) "...)")
    }
    if (!is_free && FILENAME != "crypto/base/mem.c" &&
        calls(code, "malloc|calloc|realloc|free|strdup|strndup")) {
        fault(FNR, "allocation", "allocate through crypto/base/mem.h")
    }
    if (!is_free && layer != "node" &&
        calls(code, PRINTING)) {
        fault(FNR, "printing", "only node prints")
    }
    if (code ~ /typedef[ ]+(struct|union|enum)[^(]*$/) {
        fault(FNR, "typedef", "structs are named by their tags")
    }
    if (code ~ /goto [a-z_]+;/ && code !~ /goto out;/) {
        fault(FNR, "goto", "the one label is out")
    }
}

# include/guard: CORRIDOR_, then the path in capitals.
function guard_of(path)
{
    path = toupper(path)
    gsub(/[^A-Z0-9]/, "_", path)
    return "CORRIDOR_" path
}

function check_guard(line)
{
    if (line ~ /^#/ && ++directives <= 2) {
        want = (directives == 1 ? "#ifndef " : "#define ") guard_of(FILENAME)
        if (line != want) {
            fault(FNR, "guard", "expected " want)
        }
    }
}

# A prototype needs a comment above it or above its run (which an empty line
# ends), or one on its own lines. A statement is gathered until its end.
function check_prototype(raw, code)
{
    if (raw ~ /^[ \t]*$/ && depth == 0 && statement == "") {
        documented = 0
        return
    }
    if (code ~ /^#/ || directive_goes_on) {
        directive_goes_on = (raw ~ /\\$/)
        return
    }
    if (code ~ /^[ \t]*$/) {
        documented = documented || raw ~ /\*\//
        return
    }
    if (statement == "" && depth == 0) {
        statement_line = FNR
        statement_documented = documented
    }
    statement = statement code
    if (raw ~ /\/\*/) {
        statement_documented = 1
    }
    depth += gsub(/\{/, "{", code) - gsub(/\}/, "}", code)
    if (depth > 0 || statement !~ /[;}][ \t]*$/) {
        return
    }
    if (statement ~ /\(/ && statement !~ /\{/ && !statement_documented &&
        statement !~ /^[ \t]*(typedef|static|_Static_assert|static_assert)/) {
        fault(statement_line, "prototype", "a prototype without a comment")
        documented = 1
    }
    statement = ""
}

function check_function(line)
{
    if (line ~ /^[A-Za-z_].*\(/) {
        head = FNR
    } else if (line == "{" && head > 0) {
        open = head
    } else if (line ~ /^\}/ && open > 0) {
        if (FNR - open + 1 > FUNCTION_LINES) {
            fault(open, "function-length",
                (FNR - open + 1) " lines, of at most " FUNCTION_LINES)
        }
        open = 0
        head = 0
    }
}

function finish_file()
{
    if (last == "") {
        return
    }
    if (last ~ /\.h$/ && (directives < 2 || last_line != "#endif")) {
        printf "%s:%d: guard: ends without #endif\n", last, last_count
    }
    if (last_count > FILE_LINES && last !~ EXEMPT) {
        printf "%s:%d: file-length: more than %d lines\n", last, last_count,
            FILE_LINES
    }
}

BEGIN {
    COLUMNS = 80
    FUNCTION_LINES = 70
    FILE_LINES = 800
    # Tables of data, not code.
    EXEMPT = "^tests/vectors/"
    BANNED = "strcpy|strcat|sprintf|vsprintf|atoi|atol|atof|rand|srand" \
        "|gets|strtok|alloca|setjmp|longjmp|system"
    PRINTING = "v?f?printf|f?puts|f?putc|putchar|perror"
    IMPURE = "^(sys/|netinet/|arpa/" \
        "|(time|unistd|fcntl|pthread|dirent|signal|poll|netdb)[.]h)"
    ALLOWED["base"] = "base"
    ALLOWED["crypto"] = "base crypto"
    ALLOWED["model"] = "base crypto model"
    ALLOWED["packs"] = "base packs"
    ALLOWED["wire"] = "base crypto model wire"
    ALLOWED["audit"] = "base crypto model audit"
    ALLOWED["storage"] = "base crypto model storage"
    ALLOWED["node"] = "base crypto model packs wire audit storage node"
    ALLOWED["tests"] = ALLOWED["node"] " tests"
    ALLOWED["tool"] = "tool"
    for (i = 1; i < ARGC; i++) {
        headers[ARGV[i]] = 1
    }
}

FNR == 1 {
    finish_file()
    last = FILENAME
    layer = layer_of(FILENAME)
    is_free = layer == "tests" || layer == "tool"
    in_comment = included = directives = directive_goes_on = 0
    documented = depth = head = open = 0
    statement = ""
    if ($0 != "/* SPDX-License-Identifier: Apache-2.0 */") {
        fault(1, "spdx", "the first line is the licence's identifier")
    }
}

{
    last_line = $0
    last_count = FNR
    if (characters($0) > COLUMNS && FILENAME !~ EXEMPT) {
        fault(FNR, "columns", characters($0) " columns, of at most " COLUMNS)
    }
    if ($0 ~ /\t|[ \r]$/) {
        fault(FNR, "white-space", "a tab, or space at the end")
    }
    if ($0 ~ /TODO|FIXME|(^|[^X])XXX([^X]|$)/) {
        fault(FNR, "to-do", "unfinished work does not stand in the source")
    }
    if ($0 ~ /NDEBUG/ && FILENAME != "crypto/base/err.h") {
        fault(FNR, "ndebug", "assertions are never compiled out")
    }
    was_comment = in_comment
    code = code_of($0)
    if (!was_comment && $0 ~ /^[ ]*#[ ]*include[ ]*"/) {
        check_own_include($0)
    } else if (!was_comment && $0 ~ /^[ ]*#[ ]*include[ ]*</) {
        check_system_include($0)
    } else {
        check_calls(code)
    }
    check_function(was_comment ? "" : $0)
    if (FILENAME ~ /\.h$/) {
        if (!was_comment) {
            check_guard($0)
        }
        check_prototype($0, code)
    }
}

END {
    finish_file()
}
