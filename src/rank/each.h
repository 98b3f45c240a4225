/* Includes the file named FC_EACH once for each key of this width, with KEY its type and OF(name) the name for it. No guard:
 * this is meant to be included where the loops shall stand. */
#define LESS(a, b) ((a) < (b) ? (a) : (b))
#define MORE(a, b) ((a) > (b) ? (a) : (b))

#if FC_WIDTH == 32

#define KEY uint8_t
#define KEY_IS KEY_U8
#define OF(name) name##_u8
#include FC_EACH
#undef KEY
#undef KEY_IS
#undef OF

#define KEY uint16_t
#define KEY_IS KEY_U16
#define OF(name) name##_u16
#include FC_EACH
#undef KEY
#undef KEY_IS
#undef OF

#define KEY int32_t
#define KEY_IS KEY_I32
#define OF(name) name##_i32
#include FC_EACH
#undef KEY
#undef KEY_IS
#undef OF

#define KEY float
#define KEY_IS KEY_F32
#define OF(name) name##_f32
#include FC_EACH
#undef KEY
#undef KEY_IS
#undef OF

#else

#define KEY int64_t
#define KEY_IS KEY_I64
#define OF(name) name##_i64
#include FC_EACH
#undef KEY
#undef KEY_IS
#undef OF

#define KEY double
#define KEY_IS KEY_F64
#define OF(name) name##_f64
#include FC_EACH
#undef KEY
#undef KEY_IS
#undef OF

#endif
