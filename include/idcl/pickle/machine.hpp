#pragma once

#include "budget.hpp"
#include "cursor.hpp"
#include "document.hpp"
#include "opcode.hpp"
#include "reduce.hpp"
#include "stack.hpp"
#include "text.hpp"

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace idcl::pickle {

/// How a pickle is read.
struct Options {
  std::size_t memory = 0;       ///< bytes the objects may take, beyond the file; 0: 64 MiB and 16 times the size of the pickle
  bool persistent_ids = false;  ///< take references to objects outside of the stream (torch storages) as Kind::Persistent
};

/// The stack machine that pickles are programs for: all opcodes of protocols 0 to 5, no calls, no recursion.
///
/// Cost: linear in the stream; memory within Options::memory. Strings and array bytes stay where they are in the stream.
class Machine {
 public:
  Machine(Document& document, std::string_view stream, const Options& options)
      : document_(document),
        cursor_(stream),
        options_(options),
        budget_(options.memory != 0 ? options.memory : (std::size_t{64} << 20) + 16 * stream.size()),
        stack_(budget_) {}

  /// Runs the stream up to STOP. Throws Error, with the offset of the opcode that cannot be.
  void run() {
    std::size_t start = 0;
    try {
      for (bool stopped = false; !stopped;) {
        start = cursor_.offset();
        if (cursor_.remaining() == 0) throw Error("the stream ends without STOP: the file is cut short");
        const auto op = static_cast<Op>(cursor_.take(1, "opcode")[0]);
        stopped = op == Op::Stop;
        if (!stopped) step(op);
      }
      document_.root = stack_.pop();
    } catch (const Error& error) {
      const std::string_view text = error.what();
      throw text.starts_with("at byte ") ? error : Error::at(start, error.what());
    }
    document_.trailing_bytes = cursor_.remaining();
  }

 private:
  void step(Op op) {
    // clang-format off
    switch (op) {
      // Numbers and constants.
      case Op::None: return stack_.push({});
      case Op::NewTrue: return stack_.push(Value::boolean(true));
      case Op::NewFalse: return stack_.push(Value::boolean(false));
      case Op::BinInt: return stack_.push(Value::integer(cursor_.little<std::int32_t>("BININT")));
      case Op::BinInt1: return stack_.push(Value::integer(cursor_.little<std::uint8_t>("BININT1")));
      case Op::BinInt2: return stack_.push(Value::integer(cursor_.little<std::uint16_t>("BININT2")));
      case Op::Long1: return push_long(cursor_.take(cursor_.little<std::uint8_t>("LONG1"), "LONG1"));
      case Op::Long4: return push_long(cursor_.take(length<std::int32_t>("LONG4"), "LONG4"));
      case Op::BinFloat: return stack_.push(Value::real(cursor_.big_double("BINFLOAT")));
      case Op::Int: return push_decimal(cursor_.line("INT"), true);
      case Op::Long: return push_decimal(cursor_.line("LONG"), false);
      case Op::Float: return stack_.push(Value::real(decimal<double>(cursor_.line("FLOAT"))));

      // Strings and bytes.
      case Op::String: return stack_.push(Value::span(Kind::Bytes, keep(unquote(cursor_.line("STRING")))));
      case Op::Unicode: return stack_.push(Value::span(Kind::Text, keep(unescape_unicode(cursor_.line("UNICODE")))));
      case Op::ShortBinString: return push_span<std::uint8_t>(Kind::Bytes, "SHORT_BINSTRING");
      case Op::BinString: return push_span<std::int32_t>(Kind::Bytes, "BINSTRING");
      case Op::ShortBinBytes: return push_span<std::uint8_t>(Kind::Bytes, "SHORT_BINBYTES");
      case Op::BinBytes: return push_span<std::uint32_t>(Kind::Bytes, "BINBYTES");
      case Op::BinBytes8: return push_span<std::uint64_t>(Kind::Bytes, "BINBYTES8");
      case Op::ByteArray8: return push_span<std::uint64_t>(Kind::Bytes, "BYTEARRAY8");
      case Op::ShortBinUnicode: return push_span<std::uint8_t>(Kind::Text, "SHORT_BINUNICODE");
      case Op::BinUnicode: return push_span<std::uint32_t>(Kind::Text, "BINUNICODE");
      case Op::BinUnicode8: return push_span<std::uint64_t>(Kind::Text, "BINUNICODE8");

      // Containers.
      case Op::EmptyList: return stack_.push(container(Kind::List));
      case Op::EmptyTuple: return stack_.push(container(Kind::Tuple));
      case Op::EmptyDict: return stack_.push(container(Kind::Dict));
      case Op::EmptySet: return stack_.push(container(Kind::Set));
      case Op::List: return gather(Kind::List, stack_.pop_mark());
      case Op::Tuple: return gather(Kind::Tuple, stack_.pop_mark());
      case Op::Dict: return gather(Kind::Dict, stack_.pop_mark());
      case Op::FrozenSet: return gather(Kind::Set, stack_.pop_mark());
      case Op::Tuple1: return gather(Kind::Tuple, stack_.below_top(1));
      case Op::Tuple2: return gather(Kind::Tuple, stack_.below_top(2));
      case Op::Tuple3: return gather(Kind::Tuple, stack_.below_top(3));
      case Op::Append: return extend(Kind::List, stack_.below_top(1));
      case Op::Appends: return extend(Kind::List, stack_.pop_mark());
      case Op::SetItem: return extend(Kind::Dict, stack_.below_top(2));
      case Op::SetItems: return extend(Kind::Dict, stack_.pop_mark());
      case Op::AddItems: return extend(Kind::Set, stack_.pop_mark());

      // Stack and memo.
      case Op::Mark: return stack_.mark();
      case Op::Pop: return stack_.discard();
      case Op::PopMark: return stack_.drop(stack_.pop_mark());
      case Op::Dup: return stack_.push(stack_.top());
      case Op::Get: return stack_.push(memo_.get(decimal<std::size_t>(cursor_.line("GET"))));
      case Op::BinGet: return stack_.push(memo_.get(cursor_.little<std::uint8_t>("BINGET")));
      case Op::LongBinGet: return stack_.push(memo_.get(cursor_.little<std::uint32_t>("LONG_BINGET")));
      case Op::Put: return memo_.put(decimal<std::size_t>(cursor_.line("PUT")), stack_.top(), budget_);
      case Op::BinPut: return memo_.put(cursor_.little<std::uint8_t>("BINPUT"), stack_.top(), budget_);
      case Op::LongBinPut: return memo_.put(cursor_.little<std::uint32_t>("LONG_BINPUT"), stack_.top(), budget_);
      case Op::Memoize: return memo_.put(memo_.size(), stack_.top(), budget_);

      // Globals and the objects they make.
      case Op::Global: return global();
      case Op::StackGlobal: return stack_global();
      case Op::Reduce:
      case Op::NewObj: return call();
      case Op::NewObjEx: return new_object_ex();
      case Op::Inst: return instance();
      case Op::Obj: return object();
      case Op::Build: return build();
      case Op::PersId: return persistent(Value::span(Kind::Text, cursor_.line("PERSID")));
      case Op::BinPersId: return persistent(stack_.pop());

      // The stream itself.
      case Op::Proto: return protocol(cursor_.little<std::uint8_t>("PROTO"));
      case Op::Frame: return frame(cursor_.little<std::uint64_t>("FRAME"));
      case Op::ReadonlyBuffer: return static_cast<void>(stack_.top());
      case Op::NextBuffer: throw Error("the arrays were saved out of band (buffer_callback) and are not in this file; save again without it");
      case Op::Ext1:
      case Op::Ext2:
      case Op::Ext4: throw Error("extension codes (copyreg.add_extension) name classes that only their own program knows: refused");
      case Op::Stop: return;
    }
    // clang-format on
    throw Error("opcode " + std::to_string(static_cast<int>(op)) + " does not exist: this is no pickle, or a damaged one");
  }

  // --- numbers and strings ---

  template <std::integral T>
  std::uint64_t length(const char* what) {
    const auto value = cursor_.little<T>(what);
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) throw Error(std::string(what) + " has length " + std::to_string(value) + ": the file is damaged");
    }
    return static_cast<std::uint64_t>(value);
  }

  template <std::integral T>
  void push_span(Kind kind, const char* what) {
    const auto size = length<T>(what);
    stack_.push(Value::span(kind, cursor_.take(size, what)));
  }

  std::string_view keep(std::string text) {
    budget_.charge(sizeof(std::string) + text.size());
    return document_.keep(std::move(text));
  }

  template <class T>
  static T decimal(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      throw Error("\"" + detail::shown(text) + "\" is not a number: the file is damaged");
    return value;
  }

  void push_decimal(std::string_view text, bool booleans) {
    if (booleans && (text == "00" || text == "01")) return stack_.push(Value::boolean(text == "01"));
    if (text.ends_with('L')) text.remove_suffix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return stack_.push(Value::span(Kind::BigInt, text));
    if (error != std::errc() || end != text.data() + text.size())
      throw Error("\"" + detail::shown(text) + "\" is not an integer: the file is damaged");
    stack_.push(Value::integer(value));
  }

  /// Two's complement, little endian, any length.
  void push_long(std::string_view bytes) {
    if (bytes.size() > 8) return stack_.push(Value::span(Kind::BigInt, bytes));
    std::uint64_t value = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    stack_.push(Value::integer(static_cast<std::int64_t>(value)));
  }

  // --- containers ---

  Value container(Kind kind) {
    budget_.charge(sizeof(Items));
    return Value::items(kind, document_.make_items());
  }

  /// Replaces the values from `begin` on by one container of them.
  void gather(Kind kind, std::size_t begin) {
    const auto result = container(kind);
    move_items(kind, result.mutable_items(), begin);
    stack_.push(result);
  }

  /// Moves the values from `begin` on into the container below them.
  void extend(Kind kind, std::size_t begin) {
    const auto& target = stack_.below(begin);
    if (!target.is(kind))
      throw Error(std::string("items for a ") + name(kind) + ", but below them is a " + name(target.kind()) +
                  ": the file is damaged or of an unknown kind");
    move_items(kind, target.mutable_items(), begin);
  }

  void move_items(Kind kind, Items& items, std::size_t begin) {
    const auto values = stack_.from(begin);
    if (kind == Kind::Dict && values.size() % 2 != 0) throw Error("a dict with a key but no value: the file is damaged");
    budget_.grow(items, items.size() + values.size());
    items.insert(items.end(), values.begin(), values.end());
    stack_.drop(begin);
  }

  // --- globals and objects ---

  Value make_global(std::string_view module, std::string_view name) {
    const auto id = allowed(module, name);
    if (!id)
      throw Error("the file asks for " + detail::shown(module) + "." + detail::shown(name) +
                  ", which is not on the list of what data files need: refused, nothing was run" +
                  (name == "_load_from_bytes" ? "; it holds tensors: save them as arrays, tensor.numpy()" : ""));
    budget_.charge(sizeof(GlobalName) + module.size() + name.size());
    return Value::global(document_.make_global(module, name, *id));
  }

  void global() {
    const auto module = cursor_.line("GLOBAL");
    stack_.push(make_global(module, cursor_.line("GLOBAL")));
  }

  void stack_global() {
    stack_.below_top(2);
    const auto name = stack_.pop();
    const auto module = stack_.pop();
    if (!name.is_string() || !module.is_string()) throw Error("a global whose name is no string: the file is damaged");
    stack_.push(make_global(module.bytes(), name.bytes()));
  }

  /// What calling the value below the topmost one with that tuple means.
  void call() {
    stack_.below_top(2);
    const auto arguments = stack_.pop();
    const auto callable = stack_.pop();
    push_result(callable, arguments);
  }

  void push_result(const Value& callable, const Value& arguments) {
    budget_.charge(sizeof(Object) + sizeof(Items) + (arguments.is_container() ? 2 * arguments.items().size() * sizeof(Value) : 0));
    stack_.push(reduce(document_, callable, arguments));
  }

  void new_object_ex() {
    const auto keywords = stack_.pop();
    if (!keywords.is(Kind::Dict) || keywords.count() != 0) throw Error("an object made with keyword arguments: not supported");
    call();
  }

  void instance() {
    const auto module = cursor_.line("INST");
    const auto callable = make_global(module, cursor_.line("INST"));
    gather(Kind::Tuple, stack_.pop_mark());
    push_result(callable, stack_.pop());
  }

  void object() {
    const auto begin = stack_.pop_mark();
    if (stack_.size() <= begin) throw Error("an object without its class: the file is damaged");
    gather(Kind::Tuple, begin + 1);
    call();
  }

  /// The state of an object; a container that has attributes of its own (OrderedDict) keeps its items alone.
  void build() {
    const auto state = stack_.pop();
    const auto& target = stack_.top();
    if (target.is_container()) return;
    if (!target.is(Kind::Object))
      throw Error(std::string("a state for a ") + name(target.kind()) + ", which has none: the file is damaged");
    target.object().state = state;
  }

  void persistent(const Value& id) {
    if (!options_.persistent_ids) throw Error("the file refers to objects outside of itself (persistent ids): no data set does");
    budget_.charge(sizeof(Object));
    stack_.push(Value::object(document_.make_object({{}, id, {}}), Kind::Persistent));
  }

  // --- the stream ---

  void protocol(int version) {
    if (version > 5)
      throw Error("protocol " + std::to_string(version) +
                  " is newer than 5, the newest known: save with pickle.dump(..., protocol=5) or lower");
    document_.protocol = version;
  }

  void frame(std::uint64_t size) {
    if (size > cursor_.remaining()) {
      throw Error("a frame of " + std::to_string(size) + " bytes, but only " + std::to_string(cursor_.remaining()) +
                  " are left: the file is cut short or damaged");
    }
  }

  Document& document_;
  Cursor cursor_;
  Options options_;
  Budget budget_;
  Stack stack_;
  Memo<Value> memo_;
};

}  // namespace idcl::pickle
