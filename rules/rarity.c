/**
 * In general: from the pairs of bytes in the seven logs of loghub (Linux, OpenSSH,
 * Apache, OpenStack, Zookeeper, HDFS, Hadoop; https://github.com/logpai/loghub), each
 * log counting the same. In a sample: windows of four bytes, counted by their hash.
 */
#include "rules/rarity.h"

#include <math.h>
#include <stdlib.h>

#include "agent/base/mem.h"

enum { SLOT_BITS = 18, SLOTS = 1 << SLOT_BITS, WINDOW = 4, SYMBOLS = 61 };

struct rarity {
    uint16_t counts[SLOTS];
    double bytes;
};

/* A letter stands for both its cases, 0 for all digits; other bytes are the last. */
static const char symbols[] =
    "abcdefghijklmnopqrstuvwxyz0 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
_Static_assert(sizeof symbols == SYMBOLS, "the last symbol is every other byte");

/* How rare each symbol is, in half bits above '0'. */
static const char alone[] =
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<";

/* The same for a symbol behind another: a row for each that stands before. */
static const char behind[SYMBOLS][SYMBOLS + 1] = {
    "<998;@:B9FA:88>8G8969?B>DG=<QKSHTTSFFKOF9;>?IQDQTHCQCTCTTTTTA",
    "9<=9;>C@:DA5?=6@F;7>?>BE9F;:PJRGSSRDDJSA<=>>HPCPSGASASASSSSS?",
    "8@<;7@D7?E8;A:5?G>?8=<C@@G=6QKSHTTSEEKTF>=<=IQDQTHCTBTCTTTTTA",
    "9:=:59DB;FB>?\?:AG;:?;C;FBG=5QKSHTTS<CKTD>=<:IQ9QTH8TBT<TTTTT>",
    ":<68<ACB;FC=;7>>=589<==@FH?8RLT>UQTCELUD?:?<=R=RUICU;UAUUUUU?",
    "6;==;>C@;DA?@=4@F769?BBECF=9PJRGSSREEJSE=?:>HPCPSGBS@SBSSSSS@",
    "<>==5?@>9C@>>7;?E:<<>AADCE=5OIQFRRQCAIRD?6@=GOBORE@R@RARRRRR;",
    "7A>55>BA7DA?\?=8@F;=8>BBEBF=7PJRGSSRD:JSE?>B>HPCPSGAS:S?SSSSS@",
    ">=889?AB?EB7:47<G;98A:C:E=?;QKSHTTSFFKTFA;C?IQDQT>CPCT>TTTTTA",
    ";?<<:>A?<B5>><:>D;;<4?@CBD<9NHPEQQPCCHQC>=@<FNANQE?Q?QAQQQQQ>",
    ":@>=3@B@<DA><;<@F<==?BBDCF<5PIRGSSRD@;SE=>?;HPAOSGASAS7SSSSS?",
    "7A>86ACA7E89@>5@D=>=:ACE>G?7QJRHSSSEBJSC><A<IQCPNHBOBSBSSSSS@",
    "788>6ACA;EB?;<78F=8>;CCA=G?7QJRGSSRECJSF@:C;HP@PSGBOBS8SSSSS@",
    "8B<8789B8F?@?97@G><8@:C;DG@5QKSHTTHFFKTF@=D=IQDQTBCTBTDTTTTT>",
    ";A9:>=:B@F<=769:H5:8;;>DEH@7RKTIUUTFFKUGA?D@JREQUICUCUDUUUUUA",
    "5A:78@A@9DA;?=8;F7<89BBEDF>:PJRGSSR@EJSE?8;>HPCPSGANASCSSSSS@",
    ";>;;:>@><B?==;:>C:;;4@@BBD<8NGODPPOBBGPC7<@<EN@MPD?P?P@PPPPP=",
    ":A=:5B<<<F8@;:7AG9;:9;DE=H@7PKS<UUTFEKUG?\??9JR;QU;AU;UBUUUUU?",
    ":B:>6@>7;F=:A<<<G:679D=F;:?9QKSHTTME@KTF@:=<@QAQTHCQCTCTTTTT<",
    "7B;?6BD85FC=@?89G:>8=CAD<G?6CKSHTTO:@KTF?<=;IQ<QTGCTCT=TTTTT<",
    ">>:>9AAA8E@7959:F966@BCDEG?;QJLGSSR?EJSE@>C>HQCPSGBSBSCSSSSS@",
    "5@;=4?B@8C@>==<?E<9=?A8DCE<7OIQFRRQDDIRD?8A=GOBORF@RARBRRRRR?",
    "6?==8?B::C@?\?:3?E<9=?@>DCE=8OIQFRRQCCIRD?=?:GOBORF@R@RBRRRRR?",
    ";>8<9>A?:B?=69;=D:<;>@@C@D<8NHPEQQP87HQC><@<FNANQE?Q?Q@QQQQQ>",
    ";?<<6>A?:B@>>:;=D:6<<@@CBD<5NHPEQQLCCHQC><=9FN7NQ@?Q@QAQQQQQ>",
    ";>;;7>@>;B?==;9>C:;;=@@@BD<3NGODPPOBBGPC=<@;EN@MPD?P?P@PPPPP=",
    ">?<><?ECAGDBB@?CI@@@BEEEGI87SDUJRUOGDLV>:8A8ISFIVJDV;V>VVVVV=",
    "::9:;8B?9=B;<<:<B:8:;B;GFG;:RBHIURK>GHUG:@<?JP@MUI9UDUEUQUQU=",
    ":=::8=?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO:",
    ":=;:9=8=;A><<:9<C:::<?\?AAC;5MFODPPOAAFPB<;?;EM@LPD>P>P?PPPPP=",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ";>;89=@>;A?9=;:7C77;=?\?BAC;8MGODPPOBBGPB=<?;EM@MPD?P?P@PPPPP=",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;>:DL?LOC>O>O?OOOOO<",
    ";?<;:>A=<B?<<;;7D;7<;@@CBD<9NHPEQQPB4HQC>==<FNANQE?Q?QAQQQQQ>",
    ";?<<:>A?<B?>>;;>D;<<>@@CBD<3NHPEQQPBBHQ>><@7>NANQE7Q?QAQQQQQ:",
    ":=;;9=?=;A><<:9=C:::<?\?AAC;5MFODPPOAA:PB<;?;EM@LPD>P>P?PPPPP<",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ";><<:>@><B?==;;>D;;;=@@BBD95NHPEQQPBBHQC=<@<FNANQE?Q?Q@QQQQQ>",
    ":<;=<>CA=EB@@>=@F=9>@ACEDF85QJRGSSREEJSF@?A>HPCPSGBS;SCSSSSS@",
    "9A::=;C::AB:;<<;G;<<>==FCC9:QKSHTTSEEKTFA=C?IQDQTHBTBTCTTTTT>",
    ";<888?B8;B@<;;;=E;9=<:9DCD::OIQFRRQCCHRD?=A=GOBORF@R@R;RRRRR>",
    "<B?\?=ABB?EB@=>>A;>?\?ACCFEA84QKSHTTSFFKTF?@C?INDQTHCPCTDTTTTT@",
    ":>;;9=@>;A><=::=C:;;=?\?BAC;4MGODPPOAAGPB=;?;EM@MPD>P>P?PPPPP=",
    ":=::8=?=:A><::9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    "<?<=;?@?=C@>>8<?E89<>AACCC:4OHQFRRQCCIRD>=A=G?BORF@R@RARRRRR?",
    ":=::8=?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO:",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ";>;;9=@>;A?=8;:=C:;;=?\?BAC98MGODPPOBBGPB=<?;EM@MPD?P?P@PPPPP=",
    "<@<;8@B@:DA;86<:?77=?BADDF::PIQGSSRDDISE>><>HPCOSGASASBSSSSS?",
    ":=::8<?=:@><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    "=@>=<@B@>DA?\?=<@F===?BBDDF>2PIQGSSRDDISE?>>5HPCOSGASASBSSSSS9",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    "<=:<;?B@79@>:;<?E;<;6@ADCE:9OIQFRRQCCIRD8=A=GOBORF@R@RARRRRR?",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ":=::8<?=:A><<:9=B9::<>?A@B:7LFNCOONAAFOA<;?:DL?LOC>O>O?OOOOO<",
    ">A>8<ACA>8B@@:=AF=>>@BCEDF;;PJRGSSREEJSE@?C>HPCPSG7SBSCSSSSS3",
};

static size_t symbol_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        byte = '0';
    if (byte >= 'A' && byte <= 'Z')
        byte = (char)(byte | 0x20);
    const char *found = byte ? strchr(symbols, byte) : NULL;
    return found ? (size_t)(found - symbols) : SYMBOLS - 1;
}

static double in_general(struct slice text)
{
    double half_bits = 0;
    size_t before = 0;
    for (size_t i = 0; i < text.len; i++) {
        size_t symbol = symbol_of(text.ptr[i]);
        half_bits += (i == 0 ? alone[symbol] : behind[before][symbol]) - '0';
        before = symbol;
    }
    return exp2(half_bits / -2);
}

static uint32_t slot_of(const char *window)
{
    uint32_t key;
    memcpy(&key, window, WINDOW);
    return (key | 0x20202020u) * 0x9E3779B1u >> (32 - SLOT_BITS);
}

struct rarity *rarity_create(void)
{
    return mem_zalloc(sizeof(struct rarity));
}

void rarity_add(struct rarity *rarity, struct slice sample)
{
    for (size_t i = 0; i + WINDOW <= sample.len; i++) {
        uint16_t *count = &rarity->counts[slot_of(sample.ptr + i)];
        *count += *count < UINT16_MAX;
    }
    rarity->bytes += (double)sample.len;
}

void rarity_free(struct rarity *rarity)
{
    free(rarity);
}

/* What does not stand in the sample can still come, as often as once in a sample that
 * is twice as long, when it is a text that logs have. */
double rarity_of(const struct rarity *rarity, struct slice text)
{
    double guess = in_general(text);
    if (!rarity || rarity->bytes == 0 || text.len < WINDOW)
        return guess;
    double least = 1;
    for (size_t i = 0; i + WINDOW <= text.len; i++) {
        double seen = rarity->counts[slot_of(text.ptr + i)] / rarity->bytes;
        least = seen < least ? seen : least;
    }
    double unseen = 0.5 / rarity->bytes;
    return least > 0 ? least : (guess < unseen ? guess : unseen);
}
