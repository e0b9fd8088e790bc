// A loss over a small batch costs little more than the calls it makes: how many ATen operators compute, forward and backward.

#include "idcl/losses/idcl.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "idcl/losses/sup_con.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <ATen/record_function.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace idcl;
using namespace idcl::test;
namespace F = idcl::functional;

/// The operators called on this thread while it lives: not those that only allocate or look at memory another way, nor what an operator
/// calls itself.
class Operators {
 public:
  Operators() {
    seen().clear();
    depth() = 0;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end).scopes({at::RecordScope::FUNCTION}));
  }
  ~Operators() { at::removeCallback(handle_); }
  Operators(const Operators&) = delete;
  Operators& operator=(const Operators&) = delete;

  static std::vector<std::string>& seen() {
    static thread_local std::vector<std::string> names;
    return names;
  }

 private:
  at::CallbackHandle handle_;

  static int& depth() {
    static thread_local int depth = 0;
    return depth;
  }

  static bool is_operator(const at::RecordFunction& function) { return std::string_view(function.name()).starts_with("aten::"); }

  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    static const std::set<std::string> idle{"aten::empty", "aten::as_strided", "aten::narrow", "aten::view",     "aten::detach",
                                            "aten::item",  "aten::expand",     "aten::select", "aten::unsqueeze"};
    if (is_operator(function) && depth()++ == 0 && !idle.contains(function.name())) seen().push_back(function.name());
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) { depth() -= is_operator(function); }
};

}  // namespace

TEST_CASE("a small batch costs fewer than fifteen operators that compute, forward and backward") {
  Random random(1);
  const auto a = random.normal({17, 8}, at::kFloat).requires_grad_(), b = random.normal({17, 8}, at::kFloat).requires_grad_();
  const auto labels = random.integers(4, {17}), views = at::arange(34) % 17;
  const auto both = at::cat({a, b}).detach().requires_grad_();
  const auto count = [&](const char* name, const auto& loss) {
    loss().backward();  // what is set up once
    const Operators operators;
    loss().backward();
    std::string listed;
    for (const auto& seen : Operators::seen()) listed += " " + seen;
    INFO(name << ":" << listed);
    CHECK(Operators::seen().size() > 2);  // two products at least
    CHECK(Operators::seen().size() < 15);
  };
  count("idcl", [&] { return F::idcl_loss(a, b); });
  count("sup_con", [&] { return F::sup_con_loss(a, labels); });
  count("nt_xent", [&] { return F::nt_xent_loss(both, views); });
}
